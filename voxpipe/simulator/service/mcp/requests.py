"""What the state machine has a shell do at MCP servers, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from voxpipe.simulator.protocol.outbox import Request
from voxpipe.simulator.script.mcp import McpFailure

from .definitions import ServerDefinition

McpOutcome = list[dict[str, Any]] | str | McpFailure
"""The tools as ``mcp_list_tools`` shows them, the output of one, or what went wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class McpRequest(Request[McpOutcome]):
    """Something to ask a server.

    Attributes:
        server: as the session has declared it.
        url: where it is, as the script says.
    """

    server: ServerDefinition
    url: str


class ListMcpTools(McpRequest):
    """Ask a server which tools it has."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class CallMcpTool(McpRequest):
    """Have a server run a tool."""

    name: str
    arguments: dict[str, Any] = field(repr=False)


def error_of(failure: McpFailure) -> dict[str, Any]:
    """The ``error`` of an ``mcp_call``: only a tool's own failure has no code."""
    shown: dict[str, Any] = {"type": failure.type, "message": failure.message}
    if failure.type != "tool_execution_error":
        shown["code"] = failure.code
    return shown
