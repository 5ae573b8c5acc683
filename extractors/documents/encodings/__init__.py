"""Which encoding a file of text is in, where it is not Unicode."""
