"""Review: what people decide of extracted values, field by field, kept in a log, and the gold that comes of it."""
