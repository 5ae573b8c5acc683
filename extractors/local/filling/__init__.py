"""One document's answers to the questions of a schema, as they come in: scored, written, found."""
