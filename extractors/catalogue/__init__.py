"""Models: their ids, what each takes, and what it costs."""
