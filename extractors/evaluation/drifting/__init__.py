"""Two sets of records compared without gold: which fields have moved."""
