"""Files of rows: a document a row."""
