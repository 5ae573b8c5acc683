"""A row a document: a value's columns, and the tables that they are written to."""
