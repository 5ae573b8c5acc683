"""The fault matrix: the whole of slotfill under every fault, alone and in pairs."""
