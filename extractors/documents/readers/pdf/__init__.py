"""PDFs: the text of a page in reading order and where each letter is drawn; scans, forms, notes; pages as they are."""
