"""JSON values: read and written without loss, and led to by pointers."""
