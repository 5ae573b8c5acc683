"""The built-in schemas."""
