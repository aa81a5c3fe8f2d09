"""What a carrier can say in a stream, whatever words it has for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from voxpipe.pipeline import AudioFormat, TransportError

MAX_SLOWED = 10.0  # seconds; by then a caller has hung up


class WireError(TransportError):
    """A message that is not the carrier's; says what was expected and what came.

    It never repeats what was in it.
    """


@dataclass(frozen=True, slots=True)
class Started:
    """The stream begins.

    Attributes:
        call_id: the carrier's name for the call; only letters, digits and ``_ . : -``.
        format: of the audio, both ways.
        caller: who is calling, if this message says so.
        called: the number that they called; likewise.
        parameters: what the webhook's answer passed on, by name.
    """

    call_id: str
    format: AudioFormat
    caller: str = field(default="", repr=False)
    called: str = field(default="", repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True)
class Digit:
    """The caller has pressed a key: one of ``0-9*#A-D``."""

    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Marked:
    """What was sent before this mark was played, or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The call is over."""


@dataclass(frozen=True, slots=True)
class Sounding:
    """What was sent first, since the caller last heard nothing, begins to sound."""


@dataclass(frozen=True, slots=True)
class Played:
    """All that was sent when this was said was played."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The carrier streams nothing, and is not to be sent audio, until it resumes."""


@dataclass(frozen=True, slots=True)
class Slowed:
    """It was sent too much, and is not to be sent audio for some time.

    Attributes:
        seconds: how long; what is longer than `MAX_SLOWED` is not believed.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """It streams again; what was said meanwhile is nobody's business."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The carrier wants an answer to what it has said.

    Attributes:
        answer: writes it, when it is sent: some carriers have messages numbered.
        then: what else it has said; to be done once it was answered.
    """

    answer: Callable[[], str] = field(repr=False)
    then: Event | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something went wrong that people should know of.

    Attributes:
        why: what was expected, and what came.
        then: what else the carrier has said.
    """

    why: str
    then: Event | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """What one kind of line has and others have not: its call knows what to do."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A kind of message that is not known here: carriers add some."""


Audio = tuple[str | bytes, int | None]
"""The caller, fifty times a second, so a plain tuple: base64, not checked (what makes
a frame of it does that), or the bytes; and the milliseconds from the start of the
stream, if the carrier says so."""

Event = (
    Started
    | Digit
    | Marked
    | Sounding
    | Played
    | Paused
    | Resumed
    | Slowed
    | Stopped
    | Wanted
    | Complaint
    | Own
    | Unknown
)
"""All that comes seldom."""
