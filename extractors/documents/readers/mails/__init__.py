"""Mails -> their texts, and what is attached to them."""
