"""What is known of one document's extraction, and its JSON."""
