"""Several texts as one document, in which each value is traced to the text that it stands in."""
