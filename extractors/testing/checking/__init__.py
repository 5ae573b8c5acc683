"""The search for what breaks a law of schemas or extractors."""
