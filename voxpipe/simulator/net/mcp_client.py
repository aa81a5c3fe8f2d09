"""A client of real MCP servers, over streamable HTTP on loopback.

One connection for each request: nothing is kept between two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import fail_after

from voxpipe.pipeline.errors import leaves_of
from voxpipe.simulator.script.mcp import McpFailure
from voxpipe.simulator.service.mcp.requests import (
    CallMcpTool,
    McpOutcome,
    McpRequest,
)

if TYPE_CHECKING:
    from httpx2 import Response
    from mcp import Client

_REQUEST_TIMEOUT = 30.0  # seconds, for connecting and the answer together
_MAX_PAGES = 16  # of a list of tools
_MAX_OUTPUT = 1 << 20  # characters of an output
_NOT_INSTALLED = McpFailure(
    type="http_error", message="To call MCP servers, pip install 'voxpipe[mcp]'."
)


async def ask_server(request: McpRequest) -> McpOutcome:
    """Ask the server; whatever goes wrong there becomes a `McpFailure`."""
    try:
        from httpx2 import AsyncClient
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client
    except ImportError:
        return _NOT_INSTALLED

    refused: list[Response] = []

    async def note(response: Response) -> None:
        if response.status_code >= 400 and not refused:
            refused.append(response)

    try:
        with fail_after(_REQUEST_TIMEOUT):
            async with AsyncClient(
                headers=request.server.headers,
                timeout=_REQUEST_TIMEOUT,
                event_hooks={"response": [note]},
            ) as http:
                transport = streamable_http_client(request.url, http_client=http)
                async with Client(transport) as client:
                    refused.clear()  # what was answered while they agreed on a version
                    if isinstance(request, CallMcpTool):
                        return await _call(client, request)
                    return await _list(client)
    except Exception as error:  # noqa: BLE001 - whatever a server of others does
        return _failure(error, refused)


async def _list(client: Client) -> McpOutcome:
    tools: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            shown: dict[str, Any] = {
                "name": tool.name,
                "description": tool.description or "",
                "input_schema": tool.input_schema,
            }
            if tool.annotations is not None:
                shown["annotations"] = tool.annotations.model_dump(
                    mode="json", by_alias=True, exclude_none=True
                )
            tools.append(shown)
        cursor = page.next_cursor
        if cursor is None:
            break
    return tools


async def _call(client: Client, request: CallMcpTool) -> McpOutcome:
    result = await client.call_tool(request.name, request.arguments)
    text = "\n".join(
        part.text if part.type == "text" else part.model_dump_json(by_alias=True)
        for part in result.content
    )
    if len(text) > _MAX_OUTPUT:
        return McpFailure(message=f"The output has more than {_MAX_OUTPUT} characters.")
    return McpFailure(message=text or "no reason given") if result.is_error else text


def _failure(error: Exception, refused: list[Response]) -> McpFailure:
    from mcp import MCPError

    if refused and not _explains(refused[0]):
        response = refused[0]
        message = f"HTTP {response.status_code} {response.reason_phrase}"
        return McpFailure(type="http_error", code=response.status_code, message=message)
    for leaf in leaves_of(ExceptionGroup("", [error])):
        if isinstance(leaf, MCPError):
            return McpFailure(
                type="protocol_error", code=leaf.code, message=leaf.message
            )
        if isinstance(leaf, TimeoutError):
            return McpFailure(
                type="http_error", code=504, message="The server took too long."
            )
    return McpFailure(
        type="http_error", code=502, message="The server cannot be reached."
    )


def _explains(response: Response) -> bool:
    """Whether an answer of HTTP's has an error of JSON-RPC's in it."""
    kind: str = response.headers.get("content-type", "")
    return kind.lower().startswith("application/json")
