"""`mcp_tools`: the tools of an MCP server, as tools for the router."""

from __future__ import annotations

import json
import logging
import re
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from voxpipe.pipeline import Image, ImageError
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.processors.tools import Policy, RawSchema, Tool, ToolError
from voxpipe.processors.tools.approval import DECIDE

from .connection import MAX_TOOLS, McpConnection
from .listing import as_sent
from .servers import McpError, McpServer

if TYPE_CHECKING:
    from mcp_types import CallToolResult
    from mcp_types import Tool as Offered

MAX_SCHEMA = 32_768  # characters of JSON; the largest of known servers has half of it
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")  # the API takes no dots and slashes
_MAX_NAME = 64
_HASH = 8  # digits at the end of a name that cannot be the server's own
_SAFE = Policy()

logger = logging.getLogger(__name__)


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

    Names become what a model can call: ``orders.get`` is called ``orders_get``, and one
    that is too long, or would be called as another, ends in a hash of it. Schemas
    become what the service takes; arguments are checked by the server. A tool that
    cannot be told to a model is left out, with a warning. The tools are those there are
    when it opens: of one whose definition changes later, calls are answered as
    ``unavailable``, and so they are while the server is gone. It is opened again by the
    next call.

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
        yield tuple(_tools(connection, server, offered, prefix, policy))


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


def _tools(
    connection: McpConnection,
    server: McpServer,
    offered: dict[str, Offered],
    prefix: str,
    policy: Policy,
) -> Iterator[Tool[..., Any]]:
    names = _names(offered, prefix)
    for each in offered.values():
        try:
            tool = _tool(connection, each, names[each.name], _schema(each), policy)
        except ToolError as error:
            logger.warning(
                "the tool %r of %r is not offered: %s", each.name, server, error
            )
            continue
        yield tool


def _schema(offered: Offered) -> RawSchema:
    takes = RawSchema(as_sent(offered.input_schema))
    length = len(json.dumps(takes.schema))
    if length > MAX_SCHEMA:
        raise ToolError(
            f"its schema has {length} characters, and {MAX_SCHEMA} is the most"
        )
    return takes


def _names(offered: Iterable[str], prefix: str) -> dict[str, str]:
    """What the model calls each; the same in every session."""
    plain = {name: _NOT_IN_NAMES.sub("_", prefix + name) for name in offered}
    count = Counter(plain.values())
    names: dict[str, str] = {}
    for name, each in plain.items():
        collides = each != prefix + name and count[each] > 1
        if len(each) > _MAX_NAME or collides or each == DECIDE:
            digest = sha256((prefix + name).encode(errors="replace")).hexdigest()
            each = f"{each[: _MAX_NAME - _HASH - 1]}_{digest[:_HASH]}"
        names[name] = each
    return names


def _tool(
    connection: McpConnection,
    offered: Offered,
    name: str,
    takes: RawSchema,
    policy: Policy,
) -> Tool[..., Any]:
    async def call(**arguments: Any) -> object:
        return _given(await connection.call(offered.name, arguments))

    return Tool(
        call,
        name=name,
        description=offered.description or offered.title or "",
        takes=takes,
        policy=policy,
    )


def _given(result: CallToolResult) -> object:
    """What the model is told of a result, and shown.

    Raises:
        McpError: the server says that the tool has failed.
    """
    from mcp_types import ImageContent, TextContent

    texts: list[str] = []
    pictures: list[Image] = []
    left_out: list[str] = []
    for each in result.content:
        picture = _picture(each.data) if isinstance(each, ImageContent) else None
        if picture is not None:
            pictures.append(picture)
        elif isinstance(each, TextContent):
            texts.append(each.text)
        else:
            left_out.append(each.type)
    if result.is_error:
        raise McpError("\n".join(texts) or "the tool has failed")
    if result.structured_content is not None and not texts and not pictures:
        return result.structured_content
    text = "\n".join([*texts, *(f"[left out: {each}]" for each in left_out)])
    if not pictures:
        return text
    return [text, *pictures] if text else pictures


def _picture(base64: str) -> Image | None:
    try:
        return Image(data=b64decode(base64, validate=True))
    except (ImageError, ValueError):
        return None
