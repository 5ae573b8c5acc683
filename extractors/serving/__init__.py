"""The service: extraction by HTTP, for those who have a key, within what each may ask and spend."""
