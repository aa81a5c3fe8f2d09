"""One response: what was asked for, what the model makes of it, and how it ended.

Rules:
  1. Where a response stands is its `phase`, and of its audio `left`. Both move here, by
     the methods of `Response`, and only as `NEXT` allows.
  2. Its calls (`pending`, `owes`, `overtaken`) belong to ``pending.py``, its words
     (`texts`, `finals`) to ``transcripts.py``, how long it is waited for (`due`,
     `ends_by`, `stalled`, `refusals`) to ``arbiter.py`` until it has begun and to
     ``deadlines.py`` from then on, all else to ``responses.py``: nobody else writes it.
  3. The program holds a `Reply`, which can look, wait and cut, and changes nothing.

The audio that the model made and nobody has taken yet waits in the `store`, so that the
socket can always be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal

from anyio import EndOfStream, Event

from voxpipe.pipeline import AudioFrame, ReplyWanted, ToolCall, Turn
from voxpipe.pipeline.runtime.counted import counted_words
from voxpipe.pipeline.runtime.start import Start
from voxpipe.pipeline.runtime.surrogates import mended_json
from voxpipe.processors.realtime import events as ev

from .store import Store

Status = Literal[
    "completed", "incomplete", "cancelled", "superseded", "failed", "rejected"
]
Phase = Literal["waiting", "asked", "making", "made", "dropped"]

HOLD_REFUSED = (
    "the service interrupts this session by itself, so a reply cannot be held: open it "
    "with turn_detection=ServerVad(interrupts=False) and decide in the pipeline"
)
MAX_ITEMS = 64  # of one response; more is a service gone wild
STATUSES: Mapping[str | None, Status] = {
    "completed": "completed",
    "incomplete": "incomplete",
    "cancelled": "cancelled",
}
"""What the service says; everything else is a failure."""

NEXT: Mapping[Phase, tuple[Phase, ...]] = {
    # The service begins some by itself, and may tell of the end of one only.
    "waiting": ("asked", "making", "made", "dropped"),
    # It was busy with one of its own: this one waits again.
    "asked": ("waiting", "making", "made", "dropped"),
    # Its session was lost: another one is asked for it, or for the rest of it.
    "making": ("waiting", "made", "dropped"),
    "made": (),
    "dropped": (),
}
"""What may follow which phase:

waiting: for the floor.
asked: ``response.create`` is on its way, or the service has not taken it up yet.
making: between ``response.created`` and ``response.done``.
made: the service has closed it, or has not told in time; it may still be played.
dropped: it will not be made, or there is no room to remember it.
"""

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
        seconds: of sound that the model has made of it, heard or not.
        tokens: counts by class, as in `Usage`; empty where the service told none.
    """

    status: Status
    text: str = field(default="", repr=False)
    reason: str = ""
    calls: tuple[ToolCall, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    tokens: Mapping[str, int] = field(default_factory=dict[str, int], compare=False)

    def __str__(self) -> str:
        """What anybody may see of it; not its words."""
        why = f" ({self.reason})" if self.reason else ""
        count = sum(self.tokens.values())
        return (
            f"{self.status}{why}: {counted_words(self.text, '.text')}, "
            f"{self.seconds:.1f} s of sound, {count:,} tokens"
        )


@dataclass(slots=True, eq=False, repr=False)
class Response:
    """All that is known of one response, from the wish to the last word.

    Attributes:
        turn: what its audio carries; to cut it silences the response.
        options: the ``response`` of its ``response.create``; ``None`` for one that the
            service began by itself.
        follow_up: it was asked for by the caller's turn or by results, so that any
            other reply to the caller serves as well.
        start: of the pipeline, before which nothing becomes of it; ``None`` if it was.
        request_id: our name for the wish.
        id: the service's name for it, once it has one.
        phase: where it stands at the service.
        left: how much of its audio has been sent.
        store: its audio that has not.
        is_spoken: not written: asked for, or set, when it began.
        overflowed: the store could not hold it; what came after it is at the service.
        caller_turns: how often the caller had said something when it began.
        caller_item: the last that they had said by then.
        pending: its calls that have no result yet.
        owes: whether a reply is to follow, as far as its answered calls say, until one
            has.
        overtaken: cut, and another reply to the caller has begun before all its calls
            were answered.
        wanted: of a response out of band: the tools that the model would call.
        texts: its words, part by part.
        finals: parts with all their words.
        whole: items that will not grow.
        silent: spoken items of which no audio has come yet, in order.
        watch: the key under which its turn is watched (`Turn.watch`).
        tokens: that the service has counted for it, by class.
        settled: its outcome, once it has one.
        decided: set when it has one.
        heard_at: when the service last told anything of it.
        due: when that has been silent for too long: about taking it up, or making it.
        ends_by: it is to end, as it was cut or cancelled: when it should have.
        stalled: why it was cancelled, if that was for its silence.
        refusals: how often the service was busy with one that nobody knows of.
        cancelled: the service was told to end it.
        is_lost: its end was not told in time; should it be told yet, its bill counts.
        has_called: it has called a tool.
        is_told: who reads of replies knows that it has begun.
        rest: instructions for what is left of it, after its session was lost.
        is_aside: it is out of band: not part of the conversation, and not played.
        answers: it takes up what was said, rather than what it was told to say.
        reply: what the program holds of it.
    """

    turn: Turn = field(default_factory=Turn)
    options: dict[str, Any] | None = None
    follow_up: bool = False
    start: Start | None = None
    request_id: str = ""
    id: str = ""
    phase: Phase = "waiting"
    left: Literal["nothing", "some", "all"] = "nothing"
    store: Store = field(default_factory=Store)
    is_spoken: bool = True
    overflowed: bool = False
    caller_turns: int = 0
    caller_item: str = ""
    pending: set[str] = field(default_factory=set[str])
    owes: ReplyWanted = "never"
    overtaken: bool = False
    wanted: list[ToolCall] = field(default_factory=list[ToolCall])
    texts: dict[Part, str] = field(default_factory=dict[Part, str])
    finals: set[Part] = field(default_factory=set[Part])
    whole: set[str] = field(default_factory=set[str])
    silent: dict[str, None] = field(default_factory=dict[str, None])
    watch: object = None
    tokens: Mapping[str, int] = field(default_factory=dict[str, int])
    settled: Outcome | None = None
    decided: Event = field(default_factory=Event)
    heard_at: float = 0.0
    due: float = inf
    ends_by: float | None = None
    stalled: str = ""
    refusals: int = 0
    cancelled: bool = False
    is_lost: bool = False
    has_called: bool = False
    is_told: bool = False
    rest: str = ""
    is_aside: bool = field(init=False)
    answers: bool = field(init=False)
    reply: Reply = field(init=False)

    def __post_init__(self) -> None:
        options = self.options or {}
        self.is_aside = options.get("conversation") == "none"
        self.answers = not options.get("instructions")
        self.reply = Reply(self)

    def __repr__(self) -> str:
        return f"<Response {self.id or self.request_id or hex(id(self))} {self.phase}>"

    @property
    def text(self) -> str:
        """All words of it so far."""
        return " ".join(self.texts.values())

    async def begun(self, what: str) -> None:
        """Wait until there is hope of ``what``, as `Start.awaited`."""
        if self.start is not None and self.settled is None:
            await self.start.awaited(what)

    def has_audio_of(self, item_id: str) -> bool:
        """Some audio of this item has come."""
        return item_id in self.turn.generated_by_item()

    def words_of(self, item_id: str) -> str:
        """All words of one of its items so far."""
        return " ".join(text for (id, _), text in self.texts.items() if id == item_id)

    def complete(self, item_id: str) -> None:
        """One of its items will not grow."""
        if len(self.whole) < MAX_ITEMS:
            self.whole.add(item_id)

    # --- at the service

    def ask(self) -> None:
        """It is asked for now."""
        self._move("asked")

    def wait_again(self) -> None:
        """The service was busy."""
        self._move("waiting")

    def break_off(self) -> None:
        """The session that made it is lost, and with it its name."""
        self._move("waiting")
        self.id = self.turn.id = ""
        self.due, self.ends_by = inf, None
        self.silent.clear()

    def begin(self, response_id: str, now: float, *, is_spoken: bool) -> None:
        """The service makes it, under this name."""
        self._move("making")
        self.heard_at, self.due = now, inf
        self.id = self.turn.id = response_id
        self.is_spoken = is_spoken

    def end(self, response_id: str, tokens: Mapping[str, int] | None = None) -> None:
        """The service has made it."""
        self._move("made")
        self.tokens = tokens or {}
        self.id = self.turn.id = response_id
        self.store.close()

    def drop(self, status: Status, reason: str) -> None:
        """It will not be made, or its end will not be told."""
        self._move("dropped")
        self.turn.cut()
        self.store.clear()
        self.settle(status, reason)

    def settle(self, status: Status, reason: str = "") -> None:
        """Give it its outcome; the first one counts."""
        if self.settled is None:
            self.settled = Outcome(
                status,
                self.text,
                reason,
                tuple(self.wanted),
                self.turn.generated,
                self.tokens,
            )
            self.decided.set()

    def _move(self, phase: Phase) -> None:
        assert phase in NEXT[self.phase], f"{self!r} cannot be {phase}"
        self.phase = phase

    # --- to its sink

    def take(self, now: float) -> AudioFrame | None:
        """The next of its audio, if there is some: it leaves for its sink."""
        frame = self.store.take()
        if frame is not None and self.left == "nothing":
            self.left = "some"
            self.turn.timings.first_sent = now
        return frame

    def all_left(self) -> None:
        """Its end has been sent, or was played elsewhere."""
        self.left = "all"


def call_of(item: ev.Item) -> ToolCall | None:
    """The complete call that an item is; ``None`` for every other item."""
    if item.type != "function_call" or not item.call_id:
        return None
    # Told only by some: what else it can be was interrupted while it was written.
    if item.status not in ("completed", None):
        return None
    arguments = item.arguments or "{}"
    if "\\" in arguments:
        arguments = mended_json(arguments)
    return ToolCall(call_id=item.call_id, name=item.name or "", arguments=arguments)


class Reply:
    """One reply in the hands of the program, from the wish to the last word."""

    __slots__ = ("_response",)

    def __init__(self, response: Response) -> None:
        self._response = response

    def __repr__(self) -> str:
        response = self._response
        name = response.id or response.request_id or hex(id(self))
        how = response.settled.status if response.settled else self.turn.state
        return f"<Reply {name} {how}>"

    @property
    def turn(self) -> Turn:
        """What its audio carries; cut it to silence the reply."""
        return self._response.turn

    @property
    def response_id(self) -> str:
        """The service's name for it; empty until the service has begun it."""
        return self._response.id

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The items in which it has said or written something so far."""
        return tuple(dict.fromkeys(item_id for item_id, _ in self._response.texts))

    @property
    def text(self) -> str:
        """All words of the reply so far, heard or not."""
        return self._response.text

    @property
    def settled(self) -> Outcome | None:
        """Its outcome, once it has one."""
        return self._response.settled

    async def outcome(self) -> Outcome:
        """Wait until the reply has been made, or will never be.

        To wait until it was also played, await ``reply.turn.over()``.

        Raises:
            VoxpipeError: the pipeline was not started within 10 s.
        """
        await self._response.begun("the outcome of a reply")
        await self._response.decided.wait()
        outcome = self._response.settled
        assert outcome is not None
        return outcome

    async def receive(self) -> AudioFrame:
        """The next audio of a reply out of band (``ask(conversation="none")``).

        What other replies say leaves by `Realtime.says`.

        Raises:
            EndOfStream: there is no more, or the reply was cut.
            VoxpipeError: the pipeline was not started within 10 s.
        """
        if not self._response.is_aside:
            raise EndOfStream
        await self._response.begun("the audio of a reply")
        return await self._response.store.receive()
