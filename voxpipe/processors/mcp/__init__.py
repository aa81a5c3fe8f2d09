"""Tools of local MCP servers, for the same router as your own; ``voxpipe[mcp]``."""

from .errors import McpError
from .found import mcp_tools
from .servers import HttpServer, McpServer, StdioServer

__all__ = ["HttpServer", "McpError", "McpServer", "StdioServer", "mcp_tools"]
