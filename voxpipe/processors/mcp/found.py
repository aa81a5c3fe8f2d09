"""`mcp_tools`: the tools of an MCP server, as tools for the router."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from anyio import create_task_group
from anyio.abc import TaskGroup

from voxpipe.processors.tools import Policy, RawSchema, Tool

from .connection import MOST_TOOLS, Connection
from .errors import McpError
from .servers import McpServer

if TYPE_CHECKING:
    from mcp_types import CallToolResult
    from mcp_types import Tool as Offered

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")  # the API takes no dots and slashes
_LONGEST_NAME = 64
_SAFE = Policy()


def mcp_tools(
    server: McpServer,
    *,
    allowed: Collection[str] | None = None,
    prefix: str = "",
    policy: Policy = _SAFE,
) -> Found:
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
    return Found(server, allowed, prefix, policy)


class Found:
    """The tools of one server, while it is open; made by `mcp_tools`."""

    def __init__(
        self,
        server: McpServer,
        allowed: Collection[str] | None,
        prefix: str,
        policy: Policy,
    ) -> None:
        self._server = server
        self._allowed = allowed
        self._prefix = prefix
        self._policy = policy
        self._tasks: TaskGroup | None = None

    async def __aenter__(self) -> tuple[Tool[..., Any], ...]:
        """Open the server, and ask for its tools."""
        tasks = self._tasks = create_task_group()
        await tasks.__aenter__()
        try:
            connection = Connection(self._server, tasks)
            offered = self._chosen(await connection.open())
            connection.offer(offered)
            return tuple(self._tool(connection, each) for each in offered.values())
        except BaseException:
            await self._close()
            raise

    async def __aexit__(self, *raised: object) -> None:
        """Close the server."""
        await self._close()

    async def _close(self) -> None:
        # Told of no error, it puts none into a group: what is raised stays as it is.
        tasks, self._tasks = self._tasks, None
        if tasks is not None:
            tasks.cancel_scope.cancel()
            await tasks.__aexit__(None, None, None)

    def _chosen(self, listed: dict[str, Offered]) -> dict[str, Offered]:
        wanted = listed.keys() if self._allowed is None else self._allowed
        missing = set(wanted) - listed.keys()
        if missing:
            known = ", ".join(listed) or "none"
            raise McpError(
                f"the server has no tool {', '.join(sorted(missing))}; there are: "
                f"{known[:500]}"
            )
        if len(wanted) > MOST_TOOLS:
            raise McpError(
                f"the server has {len(wanted)} tools, and a model chooses well among "
                f"{MOST_TOOLS} at most: name those it needs with allowed=…"
            )
        return {name: listed[name] for name in wanted}

    def _tool(self, connection: Connection, offered: Offered) -> Tool[..., Any]:
        async def call(**arguments: Any) -> str | dict[str, Any]:
            return _given(await connection.call(offered.name, arguments))

        name = self._prefix + _NOT_IN_NAMES.sub("_", offered.name)
        return Tool(
            call,
            name=name[:_LONGEST_NAME],
            description=offered.description or offered.title or "",
            takes=RawSchema(offered.input_schema),
            policy=self._policy,
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
