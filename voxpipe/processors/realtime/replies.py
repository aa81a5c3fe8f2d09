"""Replies: what was asked for, what the model makes of it, and how it ended.

A `Reply` is what the program holds (`Realtime.ask` returns one). The audio that the
model made and nobody has taken yet waits in it, bounded in seconds, so that the socket
can always be read.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from anyio import Event

from voxpipe.pipeline import AudioFrame, Turn

STORE_SECONDS = 120.0  # of unplayed audio in one reply; the model makes 5 s in a second

Status = Literal[
    "completed", "incomplete", "cancelled", "superseded", "failed", "rejected"
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reply ended.

    Attributes:
        status: ``superseded`` was never begun, because the caller spoke first;
            ``rejected`` was refused by the service; the others are the service's words.
        text: all words of the reply, heard or not.
        reason: why it was not completed, as far as anybody said.
    """

    status: Status
    text: str = ""
    reason: str = ""


@dataclass(slots=True, eq=False)
class Reply:
    """One reply, from the wish to the last word.

    Attributes:
        turn: what its audio carries; cut it to silence the reply.
        request: the service's ``response`` options, for replies that were asked for.
        response_id: the service's name for it, once it has one.
    """

    turn: Turn = field(default_factory=Turn)
    request: dict[str, Any] | None = None
    request_id: str = ""
    response_id: str = ""
    follow_up: bool = False
    store: deque[AudioFrame] = field(default_factory=deque[AudioFrame], repr=False)
    stored: float = 0.0  # seconds
    closed: bool = False  # the model will add nothing
    ended: bool = False  # its end has been sent on
    calls: dict[str, bool] = field(default_factory=dict[str, bool])  # id: answered
    texts: dict[tuple[str, int], str] = field(
        default_factory=dict[tuple[str, int], str], repr=False
    )
    _outcome: Outcome | None = None
    _waiting: list[Event] = field(default_factory=list[Event], repr=False)

    @property
    def text(self) -> str:
        """All words of the reply so far."""
        return " ".join(self.texts.values())

    @property
    def is_settled(self) -> bool:
        """It has an outcome."""
        return self._outcome is not None

    def settle(self, status: Status, reason: str = "") -> None:
        """Give it its outcome; the first one counts."""
        if self._outcome is None:
            self._outcome = Outcome(status, self.text, reason)
            for event in self._waiting:
                event.set()
            self._waiting.clear()

    async def outcome(self) -> Outcome:
        """Wait until the reply has been made, or will never be.

        To wait until it was also heard, await ``reply.turn.over()``.
        """
        while self._outcome is None:
            event = Event()
            self._waiting.append(event)
            await event.wait()
        return self._outcome
