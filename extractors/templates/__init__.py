"""Starting folders that `slotfill init` writes. What they hold stands in the folders here, as ordinary files."""
