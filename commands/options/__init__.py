"""What several commands take: options, in groups."""
