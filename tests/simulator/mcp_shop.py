"""A real MCP server in a process of its own: `python mcp_shop.py FD`, a socket's.

It lets nobody in who does not know the token, and tells how often it was robbed.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

import uvicorn
from mcp import MCPError
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from starlette.responses import PlainTextResponse

TOKEN = "open-sesame"

server = MCPServer("shop", log_level="ERROR")
refunds: list[str] = []


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
async def find_order(number: str) -> str:
    """Find an order."""
    return f"order {number} is a lamp, 40 euros"


@server.tool()
async def refund(number: str, euros: int) -> str:
    """Give money back."""
    refunds.append(number)
    return f"{euros} euros are on their way"


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
async def refunded() -> str:
    """Tell which orders were refunded."""
    return ",".join(refunds) or "none"


@server.tool()
async def sold_out() -> str:
    """Fail as a tool does."""
    raise ToolError("there are no lamps")


@server.tool()
async def broken() -> str:
    """Fail as a server does."""
    raise MCPError(-32050, "the shop is broken")


def guarded(app: Any) -> Any:
    async def guard(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] == "http" and (
            headers.get(b"authorization") != f"Bearer {TOKEN}".encode()
        ):
            await PlainTextResponse("Who are you?", 401)(scope, receive, send)
            return
        await app(scope, receive, send)

    return guard


if __name__ == "__main__":
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(guarded(server.streamable_http_app()), log_level="error")
    uvicorn.Server(config).run(sockets=[listener])
