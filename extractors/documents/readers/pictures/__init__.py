"""Pages of a PDF as pictures, drawn in the process that readers run in."""
