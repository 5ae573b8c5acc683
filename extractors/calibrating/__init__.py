"""How often what is so sure is right: curves learnt from gold, which turn a confidence into a probability."""
