"""The record of one document: its extraction, written and read again."""
