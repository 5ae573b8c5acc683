"""Where words stand in a text: boundaries, folding, marks, quotes."""
