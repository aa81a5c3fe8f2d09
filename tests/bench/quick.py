"""One caller, one question, in virtual time: a fifth of a second of work."""

from __future__ import annotations

from typing import Any

from voxpipe.bench import Benched, Conversation, Listen, Plan, Say, bench, talkative
from voxpipe.bench.conversation import conversations
from voxpipe.simulator import Script, Timing
from voxpipe.transports.telephony.switchboard import App

THINKS = 200.0  # ms, of the model


def question() -> Say:
    """Something that is said at once."""
    return next(step for step in conversations()[0] if isinstance(step, Say))


def asks() -> tuple[Conversation, ...]:
    """A caller who asks, and hears the answer."""
    return ((question(), Listen()),)


def measured(
    app: App,
    *,
    thinks: float = THINKS,
    scattered: float = 0.0,
    script: Script | None = None,
    calls: int = 1,
    seconds: float = 4.0,
    **plan: Any,
) -> Benched:
    """Measure an app."""
    timing = Timing(first_audio_ms=thinks, first_audio_spread_ms=scattered)
    given: dict[str, Any] = {"callers": asks(), "spread": 0.0, **plan}
    return bench(
        app,
        Plan(
            calls=calls,
            seconds=seconds,
            over="memory",
            clock="virtual",
            script=script or talkative(timing),
            **given,
        ),
    )
