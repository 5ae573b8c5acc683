"""Better instructions and examples for a schema: chosen by gold, and shown on gold that nothing was chosen by."""
