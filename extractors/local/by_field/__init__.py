"""A question a field: the model scores labels and writes small parts, and the code builds the JSON."""
