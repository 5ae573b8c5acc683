"""What slotfill assumes of the service, tried on the service itself: `slotfill doctor --live`."""
