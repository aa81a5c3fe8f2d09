"""What a `Link` drives: a session's state, which is told what happens, and when."""

from __future__ import annotations

from typing import Any, Protocol

from voxpipe.pipeline import AudioFrame, SpeechStarted, SpeechStopped
from voxpipe.processors.realtime.protocol.outbox import Outbox
from voxpipe.processors.realtime.protocol.reconnected import Reconnected


class SansIOProtocol(Protocol):
    """A session's state, to which time is an argument."""

    @property
    def outbox(self) -> Outbox:
        """What a step leaves to be done."""
        ...

    @property
    def closed(self) -> bool:
        """The service has said that nothing more will come."""
        ...

    @property
    def due(self) -> float | None:
        """When `advance` has something to do though nothing happens."""
        ...

    def hear(self, frame: AudioFrame, now: float) -> bool:
        """The caller's audio; whether anything but that has moved."""
        ...

    def mark(self, mark: SpeechStarted | SpeechStopped, now: float) -> None:
        """The pipeline's own turn detection."""
        ...

    def receive(self, message: str, now: float) -> bool:
        """Act on a message; ``False`` if it was audio and nothing else has moved."""
        ...

    def advance(self, now: float) -> None:
        """Do what is due by now."""
        ...

    def is_idle(self, now: float) -> bool:
        """Nothing more is to come of what was begun."""
        ...

    def end(self, reason: str) -> None:
        """The session is over."""
        ...


class Recovery(Protocol):
    """What goes on in another session when one is lost."""

    @property
    def settings(self) -> Any:
        """Those in force."""
        ...

    def opening(self) -> Any:
        """The settings that the other one is to have."""
        ...

    def lose(self, now: float) -> None:
        """There is no session: what is asked for waits."""
        ...

    def resume(self, now: float, *, why: str, attempts: int) -> Reconnected:
        """There is another one: tell it all that the first had been told."""
        ...

    def silent(self, settings: Any) -> Any:
        """With what another one is opened that will have ``settings``."""
        ...

    def is_pause(self, now: float) -> bool:
        """Nobody speaks, nothing is being made, asked for, or run by a tool."""
        ...

    def roll_over(self, now: float, settings: Any, *, why: str) -> Reconnected:
        """As `resume`, in one that was opened ahead, with other settings perhaps."""
        ...
