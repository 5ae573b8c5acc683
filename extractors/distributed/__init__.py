"""Many documents through several processes: workers extract, and one coordinator keeps what must be in one place."""
