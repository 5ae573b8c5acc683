"""What is shown of an evaluation to people: tables of text, and one HTML file. Pure."""
