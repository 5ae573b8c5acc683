"""One text in parts: how it and its schema are split, read side by side, and put together again."""
