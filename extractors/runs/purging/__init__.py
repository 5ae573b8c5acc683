"""What runs have kept, deleted when it is old: ledgers, and what stands in them."""
