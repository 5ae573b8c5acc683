"""Files that several processes of a user change at once."""
