"""A value that grows while its reply arrives."""
