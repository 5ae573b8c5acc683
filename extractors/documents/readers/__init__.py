"""One reader a kind of file: bytes -> text, and where it stands in the file."""
