"""Tools of servers that the service itself calls: listed, and called."""

from __future__ import annotations

from typing import Literal

from .event import Count, OfItem, Told


class McpListEvent(OfItem, frozen=True):
    """``mcp_list_tools.…``: the service asks a server which tools it has.

    The item of this name says which, once it is done.
    """

    type: Literal[
        "mcp_list_tools.in_progress",
        "mcp_list_tools.completed",
        "mcp_list_tools.failed",
    ]


class McpCallEvent(OfItem, frozen=True):
    """``response.mcp_call.…``: the service calls a tool; it may outlive its reply.

    It names no response; the item tells what was called and what came of it.
    """

    type: Literal[
        "response.mcp_call.in_progress",
        "response.mcp_call.completed",
        "response.mcp_call.failed",
    ]
    output_index: Told[Count] = None
