"""A real MCP server, in as many processes as it is asked for.

To start takes most of a second, which a fork does not. So `python shop.py FD` waits at
a socket for descriptors: of each that come it makes a server, over the two pipes, or at
the one socket that listens already.
"""

from __future__ import annotations

import json
import os
import signal
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


def serve(asked: socket.socket) -> None:
    environment, descriptors, *_ = socket.recv_fds(asked, 65_536, 2)
    if len(descriptors) == 1:
        import uvicorn

        listener = socket.socket(fileno=descriptors[0])
        config = uvicorn.Config(server.streamable_http_app(), log_level="error")
        uvicorn.Server(config).run(sockets=[listener])
    else:
        os.environ.clear()
        os.environ.update(json.loads(environment))
        for own, given in enumerate(descriptors):
            os.dup2(given, own)
            os.close(given)
        server.run()


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as door:
        while True:
            asked, _ = door.accept()
            with asked:
                if not os.fork():
                    serve(asked)
                    os._exit(0)
