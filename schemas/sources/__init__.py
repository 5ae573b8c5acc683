"""Where a schema comes from: a name, a file, a module, one line."""
