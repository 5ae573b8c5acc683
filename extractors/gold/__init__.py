"""Gold: documents with the value that is known to be right, in the formats that others write. Formats are pure."""
