"""What the state machine has a shell do at MCP servers, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from voxpipe.simulator.script.mcp import McpFailure

from .definitions import ServerDefinition


@dataclass(frozen=True, slots=True, eq=False)
class ListMcpTools:
    """Ask a server which tools it has."""

    server: ServerDefinition


@dataclass(frozen=True, slots=True, eq=False)
class CallMcpTool:
    """Have a server run a tool."""

    server: ServerDefinition
    name: str
    arguments: dict[str, Any] = field(repr=False)


McpRequest = ListMcpTools | CallMcpTool
McpOutcome = list[dict[str, Any]] | str | McpFailure
"""The tools as ``mcp_list_tools`` shows them, the output of one, or what went wrong."""


def error_of(failure: McpFailure) -> dict[str, Any]:
    """The ``error`` of an ``mcp_call``: only a tool's own failure has no code."""
    shown: dict[str, Any] = {"type": failure.type, "message": failure.message}
    if failure.type != "tool_execution_error":
        shown["code"] = failure.code
    return shown
