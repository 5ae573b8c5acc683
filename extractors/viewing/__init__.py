"""Records to look at: what a page shows of texts, of values and of where they stand; and that page."""
