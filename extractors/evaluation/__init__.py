"""How good extractions are: held against gold, against each other, and against those of another week. No I/O."""
