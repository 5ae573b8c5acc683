"""Watching runs while they are at work, by their ledgers alone: from another terminal, or another day."""
