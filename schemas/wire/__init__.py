"""What of a schema the service accepts, and what is lost on the way."""
