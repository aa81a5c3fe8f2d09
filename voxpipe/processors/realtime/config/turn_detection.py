"""Who decides when the caller has finished, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from .options import between, given, one_of, whole

Eagerness = Literal["low", "medium", "high", "auto"]
_WAITS = {"low": 8.0, "medium": 4.0, "auto": 4.0, "high": 2.0}  # seconds
_LONGEST_MS = 3_600_000  # nothing in a session is longer than a session


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVad:
    """The service hears by loudness when the caller speaks.

    Attributes:
        threshold: 0 to 1; higher needs louder speech.
        prefix_padding_ms: audio kept from before the speech.
        silence_ms: silence that ends a turn. The live default is 200, not the 500 of
            the documentation; callers who pause to think want 500 or more.
        replies: the service answers each turn by itself.
        interrupts: the service stops its reply when the caller speaks.
        idle_ms: silence after a reply, from its end as it is played, after which the
            service asks the model to go on by itself; 5,000 to 30,000.

    Raises:
        ConfigurationError: a number out of range.
    """

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_ms: int = 500
    replies: bool = True
    interrupts: bool = True
    idle_ms: int | None = None

    def __post_init__(self) -> None:
        between("the threshold of a ServerVad", self.threshold, 0, 1)
        whole("prefix_padding_ms", self.prefix_padding_ms, 0, _LONGEST_MS)
        whole("silence_ms", self.silence_ms, 0, _LONGEST_MS)
        if self.idle_ms is not None:
            whole("idle_ms", self.idle_ms, 5_000, 30_000)

    def to_wire(self) -> dict[str, Any]:
        """The ``turn_detection`` of a session."""
        return {
            **given(idle_timeout_ms=self.idle_ms),
            "type": "server_vad",
            "threshold": self.threshold,
            "prefix_padding_ms": self.prefix_padding_ms,
            "silence_duration_ms": self.silence_ms,
            "create_response": self.replies,
            "interrupt_response": self.interrupts,
        }

    @property
    def patience(self) -> float:
        """Seconds of silence after which the caller has finished."""
        return self.silence_ms / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticVad:
    """The service judges by the words whether the caller has finished.

    Attributes:
        eagerness: waits at most 8 s (``low``), 4 s (``medium``, ``auto``) or 2 s
            (``high``) for more.
        replies: the service answers each turn by itself.
        interrupts: the service stops its reply when the caller speaks.
    """

    eagerness: Eagerness = "auto"
    replies: bool = True
    interrupts: bool = True

    def __post_init__(self) -> None:
        one_of("the eagerness of a SemanticVad", self.eagerness, get_args(Eagerness))

    def to_wire(self) -> dict[str, Any]:
        """The ``turn_detection`` of a session."""
        return {
            "type": "semantic_vad",
            "eagerness": self.eagerness,
            "create_response": self.replies,
            "interrupt_response": self.interrupts,
        }

    @property
    def patience(self) -> float:
        """Seconds of silence after which the caller has finished, at the latest."""
        return _WAITS[self.eagerness]


Mode = Literal["server", "semantic", "local", "manual"]
TurnDetection = Mode | ServerVad | SemanticVad
"""Who decides when the caller has finished: the service (``server``, ``semantic``), a
`Vad` in the pipeline (``local``), or the program, by `Realtime.end_turn` (``manual``).
"""
