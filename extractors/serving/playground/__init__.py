"""The playground: a page to try the service on, and what it asks the service for that nothing else does."""
