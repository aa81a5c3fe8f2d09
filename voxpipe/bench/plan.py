"""What is to be measured, and what came of it, call by call."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from voxpipe.pipeline import ConfigurationError
from voxpipe.simulator import Line, Script, Timing
from voxpipe.transports.telephony.testing import Measurements

from .conversation import Conversation, conversations
from .network import Network
from .tape import Tape

MAX_CALLS = 10_000
Over = Literal["memory", "twilio", "telnyx", "plivo", "genesys"]
Clock = Literal["real", "virtual"]

_ANSWER = "We are open from noon until ten. Shall I keep a table for you?"


def talkative(timing: Timing | None = None) -> Script:
    """A model that gives the same answer of four seconds to whatever is said."""
    return Script(replies=[Line(say=_ANSWER)], then="repeat", timing=timing or Timing())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be measured.

    Attributes:
        calls: at the same time.
        seconds: that each of them lasts, at least.
        over: how they reach the app: in memory, or by a carrier's protocol over sockets
            (with another than Twilio's, nothing is recorded for the page).
        clock: real time; or virtual, in memory, where only waiting counts.
        callers: what they do, in turn.
        script: of the simulated model.
        endpoint: the base URL of another model, in place of the simulated one.
        caller_network: between callers and app.
        model_network: between app and model.
        seed: of all dice.
        spread: seconds over which the calls begin.
        tapes: calls of which the audio is kept.
    """

    calls: int = 10
    seconds: float = 20.0
    over: Over = "twilio"
    clock: Clock = "real"
    callers: tuple[Conversation, ...] = field(default_factory=conversations)
    script: Script = field(default_factory=talkative)
    endpoint: str | None = None
    caller_network: Network = field(default_factory=Network)
    model_network: Network = field(default_factory=Network)
    seed: int = 0
    spread: float = 2.0
    tapes: int = 50

    def __post_init__(self) -> None:
        if not 1 <= self.calls <= MAX_CALLS:
            raise ConfigurationError(f"calls: 1 to {MAX_CALLS}, not {self.calls}")
        if not (0 < self.seconds < math.inf):
            raise ConfigurationError(f"seconds: above 0, not {self.seconds:g}")
        if self.clock == "virtual" and (self.over != "memory" or self.endpoint):
            raise ConfigurationError(
                "virtual time is for calls in memory and a simulated model: sockets "
                "live in real time"
            )


@dataclass(slots=True)
class CallRun:
    """One call.

    Attributes:
        number: of it.
        name: its carrier's name for it.
        began: when it was placed, on anyio's clock.
        ended: when it was over.
        measured: at the caller's end.
        faults: what went wrong, how often.
        failure: what the app has raised, by its type.
        tape: what was said and heard.
        seen: inside of the app; see `Watcher.summary`.
    """

    number: int
    name: str = ""
    began: float = 0.0
    ended: float = 0.0
    measured: Measurements = field(default_factory=Measurements)
    faults: Counter[str] = field(default_factory=Counter[str])
    failure: str = ""
    tape: Tape | None = None
    seen: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Used:
    """What the calls took of the machine.

    Attributes:
        seconds: of the clock.
        cpu: seconds of it.
        memory: bytes that the calls added.
        whose: the process that this is of.
        lag: seconds by which the app's loop was late, each 50 ms.
        stalls: what kept it from going on: by whom, where, seconds.
        late: seconds by which a caller's frame was late, at most: a judgement on the
            machine that runs the callers.
        others: of a core, what the other processes took, by what they are: where one of
            them has no more to take, the figures are its own.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0
    whose: str = "the app"
    lag: list[float] = field(default_factory=list[float])
    stalls: list[tuple[str, str, float]] = field(
        default_factory=list[tuple[str, str, float]]
    )
    late: float = 0.0
    others: dict[str, float] = field(default_factory=dict[str, float])


@dataclass(slots=True)
class Live:
    """What there is to be seen while it runs.

    Attributes:
        runs: all calls.
        open: how many of them there are now.
        done_at: when the last one hangs up, about, on anyio's clock.
    """

    runs: list[CallRun] = field(default_factory=list[CallRun])
    open: int = 0
    done_at: float = 0.0

    @property
    def latencies(self) -> list[float]:
        """Seconds, of all turns so far."""
        return [each for run in self.runs for each in run.measured.reply_after]


Progress = Callable[[Live], Coroutine[Any, Any, None]]
"""Shows how far it is until it is cancelled."""
