"""Model files: fetched, cached, checked, found."""
