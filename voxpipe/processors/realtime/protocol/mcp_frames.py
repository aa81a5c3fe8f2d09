"""What is told of tools that the service calls, and what is decided about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from voxpipe.pipeline import Frame

McpError = Literal["tool_execution_error", "protocol_error", "http_error", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListed(Frame):
    """The service has asked a server for its tools; the model can call them now.

    Attributes:
        server: its label; empty if the service did not say.
        tools: their names, filtered by ``allowed_tools``.
        failed: the server could not be asked: check its url and authorization.
    """

    server: str
    tools: tuple[str, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class McpApproval(Frame):
    """The model wants to call a tool that needs approval; the call waits for it.

    Attributes:
        request_id: what the decision must carry.
        server: the server's label.
        tool: its name.
        arguments: JSON text exactly as the model wrote it, not checked.
    """

    request_id: str
    server: str
    tool: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class McpDecision(Frame):
    """The answer to a `McpApproval`; goes to `Realtime.results`.

    Attributes:
        request_id: of the request that it answers.
        approve: whether the call may be made.
        reason: why not; the model is told.
    """

    request_id: str
    approve: bool
    reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCall(Frame):
    """What becomes of a call that the service makes.

    Attributes:
        item_id: of the call in the conversation.
        server: the server's label.
        tool: its name.
        status: ``running`` comes before the others, unless it was rejected.
        arguments: JSON text exactly as the model wrote it.
        output: what the tool gave, once it is completed.
        error: what failed: the tool, the server, or the way to it.
    """

    item_id: str
    server: str
    tool: str
    status: Literal["running", "completed", "failed", "rejected"]
    arguments: str = field(default="", repr=False)
    output: str = field(default="", repr=False)
    error: McpError | None = None


McpNews = McpListed | McpApproval | McpCall
