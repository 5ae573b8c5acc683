"""JSON Schema: its drafts, formats, patterns and parts, and the models made of it."""
