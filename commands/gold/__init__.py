"""The commands on gold: how true results are."""
