"""What a call looked like from the carrier's end."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

MAX_VALUES = 10_000  # of each series; older values make room
MAX_VIOLATIONS = 100

ViolationKind = Literal[
    "binary message",
    "no JSON",
    "unknown event",
    "wrong stream",
    "bad payload",
    "bad mark",
    "buffer full",
    "too often",
]


@dataclass(frozen=True, slots=True)
class Violation:
    """A message that the carrier would not take; it had no effect.

    Attributes:
        kind: what was wrong.
        detail: what was expected and what came; never what people said.
    """

    kind: ViolationKind
    detail: str


def _series() -> deque[float]:
    return deque(maxlen=MAX_VALUES)


@dataclass(slots=True, kw_only=True, repr=False)
class Measurements:
    """What a call looked like from the carrier's end; it grows while the call lasts.

    All times are seconds. *Loud* is what exceeds -40 dBFS (``ulaw.py`` says how a frame
    is judged). The agent is *audible* while audio of its waits at the carrier.

    Attributes:
        greeting_after: from ``start`` to the agent's first loud sample at the caller's
            ear; ``None`` if the caller spoke first, or nothing was heard.
        reply_after: one for each utterance that was answered: from its last loud frame
            to the first loud sample of the answer at the caller's ear. An answer is
            what comes after that frame, once what was audible before it has been
            cleared or has ended.
        answered_at: for each of these, when that sample was heard, on the clock of
            the leg; a caller's call has the time of `anyio.current_time`.
        utterances: how often the caller has spoken to the end.
        interruptions: utterances with a loud frame while the agent was audible.
        clear_after: one for each interruption that was obeyed: from that frame to
            ``clear``.
        stale: media messages that came after a ``clear`` while the caller was still in
            the utterance that caused it: nobody can have answered it yet.
        underruns: how often the carrier ran dry and then got more, with no word or key
            of the caller and no ``clear`` in between. Two replies with a silence
            between them count as well: the line cannot tell them from one.
        gap_seconds: for each of these, how long there was silence.
        clears: ``clear`` messages.
        marks: ``mark`` messages.
        marks_returned: those that were sent back.
        mark_after: for each of these, from its coming to its going.
        messages: all messages that the agent's side has sent.
        media: those with audio.
        media_bytes: bytes in them; of G.711, samples.
        lead: the most audio that ever waited at the carrier.
        unheard: audio that was still waiting when the connection ended.
        frames: sent by the caller, silence included.
        late: the most by which one of them was late: a judgement on the machine that
            runs the caller, or on a server that does not read.
        skipped: frames that were more than a second late, and so were never sent, as
            Twilio does (warning 31930).
        violations: the latest hundred messages that the carrier would not take.
        violation_count: how many there were.
    """

    greeting_after: float | None = None
    reply_after: deque[float] = field(default_factory=_series)
    answered_at: deque[float] = field(default_factory=_series)
    utterances: int = 0
    interruptions: int = 0
    clear_after: deque[float] = field(default_factory=_series)
    stale: int = 0
    underruns: int = 0
    gap_seconds: deque[float] = field(default_factory=_series)
    clears: int = 0
    marks: int = 0
    marks_returned: int = 0
    mark_after: deque[float] = field(default_factory=_series)
    messages: int = 0
    media: int = 0
    media_bytes: int = 0
    lead: float = 0.0
    unheard: float = 0.0
    frames: int = 0
    late: float = 0.0
    skipped: int = 0
    violations: deque[Violation] = field(
        default_factory=lambda: deque(maxlen=MAX_VIOLATIONS)
    )
    violation_count: int = 0

    def __repr__(self) -> str:
        return f"<Measurements: {self}>"

    def __str__(self) -> str:
        """What a person looks at first; the rest is in the attributes."""
        told = [
            _timed(
                "greeted", [] if self.greeting_after is None else [self.greeting_after]
            ),
            _timed("answered", self.reply_after),
            _timed("cleared", self.clear_after),
            f"{self.interruptions} interruptions",
            f"{self.underruns} underruns",
            f"{self.lead:.2f} s waited at most",
            f"{self.violation_count} violations",
        ]
        return ", ".join(filter(None, told))


def _timed(what: str, seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return f"{what} after {seconds[0]:.2f} s" if seconds else ""
    return (
        f"{what} {len(seconds)} times, after {median(seconds):.2f} s, "
        f"{max(seconds):.2f} s at most"
    )
