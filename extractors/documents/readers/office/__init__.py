"""Office files: Word documents and workbooks."""
