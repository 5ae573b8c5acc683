"""Blocks: stretches of a file of rows, which a run that goes on knows again without parsing them."""
