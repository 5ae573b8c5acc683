"""Where a run's results go: standard output, files, folders, tables."""
