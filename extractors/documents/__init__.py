"""Bytes -> documents: files, folders, rows, addresses, encodings."""
