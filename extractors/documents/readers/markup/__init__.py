"""HTML -> its text, as a person sees it."""
