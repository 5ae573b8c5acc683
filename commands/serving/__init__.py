"""The commands of those who run it for others: who may ask, what is spent, what is kept."""
