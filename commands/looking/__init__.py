"""Commands that show: what would be sent, and what came of it."""
