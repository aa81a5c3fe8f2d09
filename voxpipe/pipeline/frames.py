"""Everything else that travels: words, marks, tool calls and their results.

A frame never changes after it was made, so a second reader needs no copy. To change
one is to make another (`AudioFrame.with_data`, `dataclasses.replace`). What people said
stays out of a frame's `repr`, and so out of logs and error texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from .audioframe import AudioFrame, Frame
from .image import Image
from .ledger import PlayedItem
from .runtime.counted import counted_words
from .turn import Turn

KEYS = frozenset("0123456789*#ABCD")
"""Those of a telephone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyStart(Frame):
    """The model begins a reply.

    Attributes:
        of_turn: to be watched, held or cut from here on; not ``turn``, for this is told
            though it was cut meanwhile.
    """

    of_turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyEnd(Frame):
    """The last sample of a reply has passed: tails are flushed, sinks know the end."""

    turn: Turn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted(Frame):
    """A person began to speak.

    Attributes:
        at: seconds of audio from the start of the stream, pre-roll included.
    """

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped(Frame):
    """A person fell silent.

    Attributes:
        at: seconds of audio from the start of the stream to the last of the speech.
    """

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Frame):
    """Written words, to the model or from it."""

    text: str = field(repr=False)
    turn: Turn | None = None

    def __str__(self) -> str:
        """What anybody may see of it; not its words."""
        return f"text: {counted_words(self.text, '.text')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript(Frame):
    """What was said, in words.

    Attributes:
        speaker: who said it.
        text: the words so far of this item, not only the new ones.
        final: nothing will be added.
        item_id: the conversation item that they belong to.
        played: for an agent's final text, the part that was heard, when it was cut.
        of_turn: the agent's reply in which it was said; not ``turn``, for its words
            arrive though it was cut.
    """

    speaker: Literal["user", "agent"]
    text: str = field(repr=False)
    final: bool = True
    item_id: str = ""
    played: str | None = field(default=None, repr=False)
    of_turn: Turn | None = None

    def __str__(self) -> str:
        """What anybody may see of it; not its words."""
        told = f"{self.speaker}: {counted_words(self.text, '.text')}"
        if self.played is not None:
            told += f", heard: {counted_words(self.played, '.played')}"
        return told if self.final else f"{told}, more to come"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dtmf(Frame):
    """A key pressed on a telephone: one of ``0-9*#A-D``.

    Raises:
        ValueError: another, or none, or several; it does not quote them.
    """

    digit: str = field(repr=False)  # it may be one of a PIN

    def __post_init__(self) -> None:
        """See that it is one."""
        digit = cast("object", self.digit)  # from who heeds no type checker
        if digit in KEYS:
            return
        came = type(digit).__name__
        if isinstance(digit, str):
            came = f"{len(digit)} characters" if len(digit) != 1 else "another"
        raise ValueError(
            f"expected one key of 0-9*#A-D, got {came}: several are several frames"
        )


CallerFrame = AudioFrame | SpeechStarted | SpeechStopped | Dtmf
"""What comes from a person: a phone hears it, and so does a model."""

ReplyFrame = AudioFrame | ReplyEnd
"""What a model says, and a `PlayoutInput` plays to a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(Frame):
    """The model wants a tool to run.

    Attributes:
        call_id: what the result must carry.
        name: which tool.
        arguments: JSON text exactly as the model wrote it, not yet checked.
        caller_turns: how often the caller had said something when the model began the
            reply that calls.
        caller_item: the last of the items that they had said then, or written; its
            words may come later, in a `Transcript`. Empty when they had said nothing.
    """

    call_id: str
    name: str
    arguments: str = field(repr=False)
    caller_turns: int = field(default=0, compare=False)
    caller_item: str = field(default="", compare=False)


ReplyWanted = Literal["always", "if_silent", "never"]
"""Whether the model is to speak once it has a result: always; only if it has said
nothing in the reply that called; or not because of this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult(Frame):
    """What a tool gave back; exactly one for each call.

    Attributes:
        call_id: of the call that it answers.
        name: which tool.
        output: text for the model, usually JSON.
        error: ``None``, or why there is no real result (``unknown_tool``, ``timeout``
            …).
        seconds: how long the tool ran.
        reply: whether the model is to speak because of it.
        pictures: shown to the model besides the output.
    """

    call_id: str
    output: str = field(repr=False)
    name: str = ""
    error: str | None = None
    seconds: float = 0.0
    reply: ReplyWanted = "always"
    pictures: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUpdate(Frame):
    """News of a call that is not answered yet; never comes after its result.

    Attributes:
        call_id: of the call.
        kind: ``filler`` and ``sentence`` are said as they stand, or in words of the
            model's if there are none; ``progress`` is told in the model's words;
            ``detached`` is not said: the conversation goes on without the call, and its
            result is told when it comes.
        text: what is to be said.
        after: seconds in which nobody speaks before it is said.
        every: seconds of silence before it is said again; ``None`` for once.
    """

    call_id: str
    kind: Literal["filler", "progress", "sentence", "detached"]
    text: str = field(default="", repr=False)
    after: float = 0.0
    every: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption(Frame):
    """A reply was cut; told to whoever remembers.

    Attributes:
        cut: the reply (its own frames no longer arrive, so it is not in ``turn``).
        items: what was generated and heard of each of its items.
    """

    cut: Turn
    items: tuple[PlayedItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Frame):
    """What one reply, one transcription, or a minute of translation has cost.

    Attributes:
        kind: what it was for.
        tokens: counts by class: ``text_in``, ``audio_in``, ``image_in`` (cached ones
            not included), ``cached_text_in``, ``cached_audio_in``, ``cached_image_in``,
            ``text_out``, ``audio_out``.
        cost_usd: by the price table; ``None`` for a model that is not in it.
        reply_id: the response, or the item, that it is for.
    """

    kind: Literal["reply", "transcription", "translation"]
    tokens: Mapping[str, int] = field(default_factory=dict[str, int])
    cost_usd: float | None = None
    reply_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Frame):
    """Rubbish from outside that was counted and dropped, or a wish that failed.

    Attributes:
        source: the box where it came in.
        message: what was expected and what came; never what people said.
    """

    source: str
    message: str
