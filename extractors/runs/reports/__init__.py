"""What a run tells: totals, progress, logs, costs; never a value."""
