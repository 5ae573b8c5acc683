"""A value -> where in the text it stands."""
