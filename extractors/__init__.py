"""How to extract: plans, clients, documents, runs. `slotfill` itself gives the public names."""
