"""A run's state on disk: what was asked, answered, paid and ended."""
