"""The commands on the service: what it runs with, and who may ask it."""
