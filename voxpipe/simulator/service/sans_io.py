"""A session as a shell sees it, whatever kind of session it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from voxpipe.simulator.errors import Farewell
from voxpipe.simulator.protocol.outbox import Event

from .mcp.requests import McpRequest, Outcome


class Utterance(Protocol):
    """A text that a shell has spoken."""

    @property
    def text(self) -> str:
        """The words."""
        ...

    @property
    def voice(self) -> str:
        """The name of the voice."""
        ...

    @property
    def speed(self) -> float:
        """0.25 to 1.5."""
        ...


U = TypeVar("U", bound=Utterance)


class SansIOSession(Protocol[U]):
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
    def farewell(self) -> Farewell | None:
        """The close frame to send after the last event, once the session is over."""
        ...

    def speeches(self) -> Sequence[U]:
        """What has to be spoken since the last time this was asked."""
        ...

    def spoken(self, speech: U, pcm: bytes | None, now: float) -> None:
        """Take what a voice made: 16-bit mono at 24 kHz; ``None`` when it failed."""
        ...

    def errands(self) -> Sequence[McpRequest]:
        """What MCP servers have to be asked since the last time this was asked."""
        ...

    def returned(self, errand: McpRequest, outcome: Outcome, now: float) -> None:
        """Take what came of ``errand``."""
        ...
