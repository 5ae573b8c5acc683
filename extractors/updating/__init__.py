"""An earlier record taken over: what of it still counts, and what is left to be asked."""
