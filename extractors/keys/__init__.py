"""Keys: who may ask the service, for what, and how much of it. They are kept in a file, as hashes."""
