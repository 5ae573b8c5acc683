"""A schema suggested by sample documents: what to ask of them, what is sound of the answer, and how it is written."""
