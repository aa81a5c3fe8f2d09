"""What it takes to interrupt an agent that speaks, so that a "mhm" does not do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction

from voxpipe.pipeline import WiringError

MAX_MINIMUM = 1.5  # seconds; a model keeps 2 s of the caller from before a speech mark


@dataclass(frozen=True, slots=True)
class BargeIn:
    """What it takes to be heard while the agent speaks.

    Args:
        when: whether the agent speaks now, such as ``model.is_speaking``.
        minimum: seconds of speech before it is believed; the gaps within words and
            between them do not count.
        start: the probability from which it is speech, if not the same as else. Higher
            where the agent can be heard in the caller's microphone.

    Raises:
        WiringError: a probability that is not between 0 and 1, seconds that are not
            from 0 to 1.5, or nothing that can be asked.
    """

    when: Callable[[], bool]
    minimum: float = 0.5
    start: float | None = None

    def __post_init__(self) -> None:
        if not callable(self.when) or iscoroutinefunction(self.when):
            raise WiringError(
                "BargeIn asks a plain function whether the agent speaks, such as "
                f"model.is_speaking (without brackets), not {_kind(self.when)}"
            )
        if not 0 <= self.minimum <= MAX_MINIMUM:
            raise WiringError(
                f"minimum is seconds from 0 to {MAX_MINIMUM:g}, not {self.minimum!r}"
            )
        if self.start is not None and not 0 < self.start < 1:
            raise WiringError(
                f"start is a probability between 0 and 1, not {self.start!r}"
            )


def _kind(when: object) -> str:
    return "an async one" if iscoroutinefunction(when) else type(when).__name__
