"""Tools of local MCP servers, for the same router as your own; ``voxpipe[mcp]``."""

from .found import mcp_tools
from .servers import HttpServer, McpError, McpServer, StdioServer

__all__ = ["HttpServer", "McpError", "McpServer", "StdioServer", "mcp_tools"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
