"""A session as a shell sees it, whatever kind of session it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from voxpipe.simulator.errors import CloseFrame
from voxpipe.simulator.protocol.outbox import Event

from .mcp.requests import McpOutcome, McpRequest
from .session.speech_request import SpeechRequest


class Requester(Protocol):
    """A session that has others do what it cannot: speak, and call MCP servers."""

    def speech_requests(self) -> Sequence[SpeechRequest]:
        """What has to be spoken since the last time this was asked."""
        ...

    def spoken(self, request: SpeechRequest, pcm: bytes | None, now: float) -> None:
        """Take what a voice made: 16-bit mono at 24 kHz; ``None`` when it failed."""
        ...

    def mcp_requests(self) -> Sequence[McpRequest]:
        """What MCP servers have to be asked since the last time this was asked."""
        ...

    def mcp_answered(
        self, request: McpRequest, outcome: McpOutcome, now: float
    ) -> None:
        """Take what came of ``request``."""
        ...


class SansIOSession(Requester, Protocol):
    """A session without the network: messages and time in, events out."""

    def receive(self, message: str | bytes, now: float) -> None:
        """Take a frame from the client: text, or the bytes of a binary frame."""
        ...

    @property
    def next_timer(self) -> float | None:
        """When `advance` has something to do; ``None`` when never."""
        ...

    def advance(self, now: float) -> None:
        """Do what has become due."""
        ...

    @property
    def pending(self) -> int:
        """How many events wait to be taken."""
        ...

    def outgoing(self) -> list[Event]:
        """The events to send, each as one text frame."""
        ...

    @property
    def close_frame(self) -> CloseFrame | None:
        """The close frame to send after the last event, once the session is over."""
        ...
