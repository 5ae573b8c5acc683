"""`python -m slotfill` is `slotfill`."""

from slotfill.cli import main

main(prog_name="slotfill")
