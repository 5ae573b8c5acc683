"""Gold: documents with the value that is known to be right, read, matched with records, and written."""
