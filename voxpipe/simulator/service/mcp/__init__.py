"""MCP servers that a session declares, and that the service calls by itself."""
