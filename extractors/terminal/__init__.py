"""What people look at in a terminal: one line that says how far something is, and colours."""
