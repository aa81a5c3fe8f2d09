"""Replies: what was asked for, what the model makes of it, and how it ended.

A `Reply` is what the program holds (`Realtime.ask` returns one). The audio that the
model made and nobody has taken yet waits in it, so that the socket can always be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from anyio import EndOfStream, Event

from voxpipe.pipeline import AudioFrame, ToolCall, Turn

from .store import Store

Status = Literal[
    "completed", "incomplete", "cancelled", "superseded", "failed", "rejected"
]

Part = tuple[str, int]
"""Item id and content index."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reply ended.

    Attributes:
        status: ``superseded`` was never begun, because another reply answers the
            caller; ``rejected`` was refused by the service; ``failed`` also stands for
            a session that ended first; the others are the service's words.
        text: all words of the reply, heard or not.
        reason: why it was not completed, as far as anybody said.
        calls: of a reply out of band: the tools that the model would call. Calls of
            others go to `Realtime.calls`.
    """

    status: Status
    text: str = field(default="", repr=False)
    reason: str = ""
    calls: tuple[ToolCall, ...] = ()


@dataclass(slots=True, eq=False, repr=False)
class Reply:
    """One reply, from the wish to the last word.

    Attributes:
        turn: what its audio carries; cut it to silence the reply.
        request: the service's ``response`` options, for replies that were asked for.
        follow_up: it was asked for by the caller's turn or by results, so that any
            other reply to the caller serves as well.
        request_id: our name for the wish.
        response_id: the service's name for it, once it has one.
    """

    turn: Turn = field(default_factory=Turn)
    request: dict[str, Any] | None = None
    follow_up: bool = False
    request_id: str = ""
    response_id: str = ""
    store: Store = field(default_factory=Store)
    spoken: bool = True  # not written: asked for, or set, when it began
    done: bool = False  # the service has closed it
    ended: bool = False  # its end has been sent on to the ear
    called: bool = False  # it has called tools, and nothing has followed yet
    caller_turns: int = 0  # how often the caller had said something when it began
    overtaken: bool = False  # cut, and another reply to the caller has begun since
    open_calls: set[str] = field(default_factory=set[str])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])  # out of band only
    texts: dict[Part, str] = field(default_factory=dict[Part, str])
    finals: set[Part] = field(default_factory=set[Part])  # those with all their words
    whole: set[str] = field(default_factory=set[str])  # items that will not grow
    # Spoken items of which no audio has come yet, in order.
    silent: dict[str, None] = field(default_factory=dict[str, None])
    service_cancels: bool = False  # nobody needs to tell the service of its cut
    taken_back: bool = False  # what was not heard of it has been dealt with
    overflowed: bool = False  # the store could not hold it
    _outcome: Outcome | None = None
    _decided: Event = field(default_factory=Event)

    def __repr__(self) -> str:
        name = self.response_id or self.request_id or hex(id(self))
        how = self._outcome.status if self._outcome else self.turn.state
        return f"<Reply {name} {how}>"

    @property
    def is_aside(self) -> bool:
        """It is out of band: not part of the conversation, and not played."""
        return (self.request or {}).get("conversation") == "none"

    @property
    def answers(self) -> bool:
        """It takes up what was said, rather than saying what it was told to say."""
        return not (self.request or {}).get("instructions")

    @property
    def text(self) -> str:
        """All words of the reply so far."""
        return " ".join(self.texts.values())

    def has_audio_of(self, item_id: str) -> bool:
        """Some audio of this item has come."""
        return any(item.item_id == item_id for item in self.turn.items())

    def words_of(self, item_id: str) -> str:
        """All words of one of its items so far."""
        return " ".join(text for (id, _), text in self.texts.items() if id == item_id)

    def settle(self, status: Status, reason: str = "") -> None:
        """Give it its outcome; the first one counts."""
        if self._outcome is None:
            self._outcome = Outcome(status, self.text, reason, tuple(self.calls))
            self._decided.set()

    @property
    def settled(self) -> Outcome | None:
        """Its outcome, once it has one."""
        return self._outcome

    async def outcome(self) -> Outcome:
        """Wait until the reply has been made, or will never be.

        To wait until it was also heard, await ``reply.turn.over()``.
        """
        await self._decided.wait()
        assert self._outcome is not None
        return self._outcome

    async def receive(self) -> AudioFrame:
        """The next audio of a reply out of band (``ask(conversation="none")``).

        What other replies say leaves by `Realtime.says`.

        Raises:
            EndOfStream: there is no more, or the reply was cut.
        """
        if not self.is_aside:
            raise EndOfStream
        return await self.store.receive()
