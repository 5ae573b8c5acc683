"""One value held against gold, field by field: how fields are compared, how lists are aligned, and what comes of it."""
