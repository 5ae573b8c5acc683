"""The command on message batches."""
