"""What a server lists, before the MCP library reads it: one odd tool costs only itself.

The library refuses all tools of a server for one whose schema is null, or says of no
type that it is an object. So of each tool that is listed only what is used here gets
through, and an odd schema in a wrapping (`as_sent` takes it off). What the server says
of its results is not used: they are told as they come, for the tool has run by then.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

MAX_DESCRIPTION = 4_096  # characters; the model reads all of them in every turn
MAX_NAME = 256  # characters; the model's own names have 64
_WRAPPED = "x-as-sent"

logger = logging.getLogger(__name__)


def as_sent(schema: Mapping[str, Any]) -> object:
    """A tool's schema as the server has sent it."""
    return schema.get(_WRAPPED, schema)


@asynccontextmanager
async def readable(
    transport: AbstractAsyncContextManager[Any],
) -> AsyncGenerator[tuple[Any, Any]]:
    """The same transport, whose listings can be read whatever is in them."""
    async with transport as (reading, writing):
        yield _Reading(reading), writing


class _Reading:
    """What comes from a server; a ``ReadStream`` of the library's."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def last_context(self) -> Any:
        """In which the newest message was sent; the library asks for it by name."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> Any:
        """The next message."""
        return _read(await self._stream.receive())

    async def aclose(self) -> None:
        """Read no more."""
        await self._stream.aclose()

    def __aiter__(self) -> _Reading:
        return self

    async def __anext__(self) -> Any:
        return _read(await self._stream.__anext__())

    async def __aenter__(self) -> _Reading:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> Any:
        return await self._stream.__aexit__(*raised)


def _read(message: Any) -> Any:
    result = getattr(getattr(message, "message", None), "result", None)
    if isinstance(result, dict):
        answer = cast("dict[str, object]", result)
        listed = answer.get("tools")
        if isinstance(listed, list):
            tools = map(_tool, cast("list[object]", listed))
            answer["tools"] = [each for each in tools if each is not None]
    return message


def _tool(listed: object) -> dict[str, Any] | None:
    tool = cast("dict[str, Any]", listed) if isinstance(listed, dict) else {}
    name = tool.get("name")
    if not isinstance(name, str):
        logger.warning("an MCP server lists a tool without a name: it is not offered")
        return None
    if len(name) > MAX_NAME:
        logger.warning(
            "an MCP server lists a tool with a name of %d characters: it is not "
            "offered, %d is the most",
            len(name),
            MAX_NAME,
        )
        return None
    texts = {key: tool.get(key) for key in ("name", "title", "description")}
    schema = tool.get("inputSchema")
    if not _is_usual(schema):
        schema = {"type": "object", _WRAPPED: schema}
    said = {
        key: text[:MAX_DESCRIPTION]
        for key, text in texts.items()
        if isinstance(text, str)
    }
    length = len(texts["description"] or "") if "description" in said else 0
    if length > MAX_DESCRIPTION:
        logger.warning(
            "the tool %r is described in %d characters: the model is told the first %d",
            name,
            length,
            MAX_DESCRIPTION,
        )
    return {**said, "inputSchema": schema}


def _is_usual(schema: object) -> bool:
    """Whether the library takes it: as of the protocol's revisions up to 2026."""
    said = cast("dict[str, object]", schema) if isinstance(schema, dict) else {}
    properties, required = said.get("properties", {}), said.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return False
    schemas = cast("dict[str, object]", properties).values()
    names = cast("list[object]", required)
    return (
        said.get("type") == "object"
        and isinstance(said.get("$schema", ""), str)
        and all(isinstance(each, dict | bool) for each in schemas)
        and all(isinstance(each, str) for each in names)
    )
