"""What notebooks show of a record: its text with marks, its values as a table. Pure, of plain data."""
