"""`mcp_tools`: the tools of an MCP server, as tools for the router."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.processors.tools import Policy, RawSchema, Tool

from .connection import MAX_TOOLS, McpConnection
from .servers import McpError, McpServer

if TYPE_CHECKING:
    from mcp_types import CallToolResult
    from mcp_types import Tool as Offered

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")  # the API takes no dots and slashes
_MAX_NAME = 64
_SAFE = Policy()


@asynccontextmanager
async def mcp_tools(
    server: McpServer,
    *,
    allowed: Collection[str] | None = None,
    prefix: str = "",
    policy: Policy = _SAFE,
) -> AsyncGenerator[tuple[Tool[..., Any], ...]]:
    """Open an MCP server for as long as its tools are used.

    ``async with mcp_tools(StdioServer("python", "server.py")) as found:
    tools = ToolRouter([*own, *found])``

    Names become what a model can call (``orders.get`` is called ``orders_get``);
    schemas and descriptions are passed on as they are, and arguments are checked by the
    server. The tools are those there are when it opens: of one whose definition changes
    later, calls are answered as ``unavailable``, and so they are while the server is
    gone. It is opened again by the next call.

    Args:
        server: a `StdioServer` or an `HttpServer`.
        allowed: the server's names of those that may be used; all, unless given.
        prefix: in front of each name, for servers whose names collide.
        policy: how its tools are treated; for one tool, `Tool.under`.

    Raises:
        McpError: on entering: it cannot be opened, or has no such tools, or too many.
    """
    async with tasks_until_done() as tasks:
        connection = McpConnection(server, tasks)
        offered = _chosen(await connection.open(), allowed)
        connection.offer(offered)
        yield tuple(_tool(connection, o, prefix, policy) for o in offered.values())


def _chosen(
    listed: dict[str, Offered], allowed: Collection[str] | None
) -> dict[str, Offered]:
    wanted = listed.keys() if allowed is None else allowed
    missing = set(wanted) - listed.keys()
    if missing:
        known = ", ".join(listed) or "none"
        raise McpError(
            f"the server has no tool {', '.join(sorted(missing))}; there are: "
            f"{known[:500]}"
        )
    if len(wanted) > MAX_TOOLS:
        raise McpError(
            f"the server has {len(wanted)} tools, and a model chooses well among "
            f"{MAX_TOOLS} at most: name those it needs with allowed=…"
        )
    return {name: listed[name] for name in wanted}


def _tool(
    connection: McpConnection, offered: Offered, prefix: str, policy: Policy
) -> Tool[..., Any]:
    async def call(**arguments: Any) -> str | dict[str, Any]:
        return _given(await connection.call(offered.name, arguments))

    name = prefix + _NOT_IN_NAMES.sub("_", offered.name)
    return Tool(
        call,
        name=name[:_MAX_NAME],
        description=offered.description or offered.title or "",
        takes=RawSchema(offered.input_schema),
        policy=policy,
    )


def _given(result: CallToolResult) -> str | dict[str, Any]:
    """What the model is told of a result.

    Raises:
        McpError: the server says that the tool has failed.
    """
    from mcp_types import TextContent

    texts = [each.text for each in result.content if isinstance(each, TextContent)]
    left_out = [e.type for e in result.content if not isinstance(e, TextContent)]
    if result.is_error:
        raise McpError("\n".join(texts) or "the tool has failed")
    if result.structured_content is not None and not texts:
        return dict(result.structured_content)
    notes = [f"[left out: {each}]" for each in left_out]
    return "\n".join([*texts, *notes])
