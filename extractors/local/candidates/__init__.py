"""Where a value might stand in a text, by its look alone: names, sums and dates, numbers, rows."""
