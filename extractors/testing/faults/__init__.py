"""What a model writes wrong: in its text, and in a value."""
