"""Tools for clients of the Model Context Protocol (extra `mcp`): extract, schemas, check, view."""
