"""The page of a review, and the loopback service behind it."""
