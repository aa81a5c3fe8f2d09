"""MCP servers that the simulated service calls by itself."""
