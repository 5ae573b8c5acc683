"""An ask answered: the SDK's clients, patched by Instructor, with their limits, credentials and failures."""
