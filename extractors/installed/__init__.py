"""What is installed beside slotfill, as it is told."""
