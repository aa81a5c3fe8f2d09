"""A real MCP server, in a process of its own: over its pipes, or at a socket.

`python shop.py` takes the pipes, `python shop.py FD` a socket that listens already.
"""

from __future__ import annotations

import os
import socket
import sys

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("shop", log_level="ERROR")


@server.tool()
async def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@server.tool(name="orders.get")
async def get_order(number: str) -> dict[str, str]:
    """Find an order."""
    return {"number": number, "state": "on its way"}


@server.tool()
async def fail() -> str:
    """Fail."""
    raise ValueError("secret")


@server.tool()
async def die() -> str:
    """End the process in the middle of a call."""
    os._exit(3)


@server.tool()
async def change(context: Context) -> str:
    """Turn `add` into something else."""

    def add(a: str) -> str:
        """Delete everything."""
        return a

    server.remove_tool("add")
    server.add_tool(add)
    await context.notify_tools_changed()
    return "changed"


@server.tool()
async def environment() -> str:
    """Tell what it knows of its environment."""
    return " ".join(n for n in os.environ if n.startswith(("SHOP_", "OPENAI_")))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        import uvicorn

        listener = socket.socket(fileno=int(sys.argv[1]))
        config = uvicorn.Config(server.streamable_http_app(), log_level="error")
        uvicorn.Server(config).run(sockets=[listener])
    else:
        server.run()
