"""What is seen of a call from beside it: times, counts and names, never any words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from voxpipe.pipeline.ledger import Basis, Timings


@dataclass(frozen=True, slots=True)
class TurnSeen:
    """One reply.

    Attributes:
        reply_id: the service's name for it.
        timings: when it passed its milestones, on anyio's clock.
        over: when it was heard to its end, or cut.
        generated: seconds of audio that the model has made.
        played: seconds of it that were heard.
        basis: whether that was ``measured`` or ``estimated``.
        is_cut: it was interrupted.
    """

    reply_id: str
    timings: Timings
    over: float
    generated: float
    played: float
    basis: Basis
    is_cut: bool

    @property
    def total(self) -> float | None:
        """Seconds from the caller's last sound to the first of the reply.

        Where a tool was called in between, with the time that it took. ``None`` when
        nobody had asked, or nothing was heard; likewise below.
        """
        return _between(self.timings.user_stopped, self.timings.first_played)

    @property
    def detection(self) -> float | None:
        """Seconds of it until the caller's turn was closed."""
        if self.total is None:
            return None
        return _between(self.timings.user_stopped, self.timings.committed)

    @property
    def model(self) -> float | None:
        """Seconds until the model's first audio, since it could begin to make it.

        From the end of the caller's turn on, or from a tool's result.
        """
        timings = self.timings
        if self.total is None:
            return None
        return _between(timings.asked, timings.first_delta)

    @property
    def ours(self) -> float | None:
        """Seconds from the model's first audio until that was heard."""
        if self.total is None:
            return None
        return _between(self.timings.first_delta, self.timings.first_played)


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(end - start, 0.0)


@dataclass(frozen=True, slots=True)
class ChargeSeen:
    """What a response of the model, or a transcription, has used.

    Attributes:
        kind: ``reply``, ``transcription`` or ``translation``.
        reply_id: the service's name for the response, or the item.
        over: when it was charged, on anyio's clock: the model has made all of it.
        tokens: by class.
        cost_usd: ``None`` if no price is known.
        timings: of the response, if it was for the caller's ears.
    """

    kind: str
    reply_id: str
    over: float
    tokens: Mapping[str, int]
    cost_usd: float | None
    timings: Timings | None = None


@dataclass(frozen=True, slots=True)
class ToolSeen:
    """A tool that has run, or could not.

    Attributes:
        name: which.
        call_id: the service's name for the call.
        over: when its result was there, on anyio's clock.
        seconds: how long it ran.
        error: ``None``, or why there is no real result, such as ``timeout``.
    """

    name: str
    call_id: str
    over: float
    seconds: float
    error: str | None


@dataclass(slots=True)
class CallSeen:
    """One call, so far.

    Attributes:
        id: the line's name for it.
        app: what answers, as ``module.name``.
        line: how it came: ``twilio``, ``browser``, ``sip`` …
        began: on anyio's clock.
        model: which one it talks to; empty until it does.
        over: when it was over.
        end: why it was over, an `Ending`; empty while it lasts.
        turns: replies that are over; the first thousand.
        tools: likewise.
        speech: when the caller was heard to speak, from when to when; likewise, and
            only where an `Exporter` needs it.
        interruptions: replies that were cut.
        tokens: by class.
        cost_usd: of all; ``None`` once something had no price.
        underruns: how often the line ran dry within a reply.
        drops: audio that made room for newer audio, in frames.
        failures: ``failed_replies``, ``tool_errors`` and ``faults``: how often.
    """

    id: str
    app: str
    line: str
    began: float
    model: str = ""
    over: float | None = None
    end: str = ""
    turns: list[TurnSeen] = field(default_factory=list[TurnSeen])
    tools: list[ToolSeen] = field(default_factory=list[ToolSeen])
    speech: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    interruptions: int = 0
    tokens: Counter[str] = field(default_factory=Counter[str])
    cost_usd: float | None = 0.0
    underruns: int = 0
    drops: int = 0
    failures: Counter[str] = field(default_factory=Counter[str])
