"""What one trial found, and whether it can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .delays import Summary

# The generator's own limits. Beyond them the figures are its own, not the contender's.
MOST_LAG = 5.0  # ms at p99: a frame that is later than a quarter of its length
MOST_LATE = 10.0  # ms at p99, of the model's timers
MOST_LOAD = 0.85  # of a core, for carrier and model together
MOST_FOREIGN = 0.10  # of a core, beside ours: interrupts of the loopback are in it
MOST_STOLEN = 0.08  # of a core; a virtual machine is never without some


@dataclass(frozen=True, slots=True)
class Outcome:
    """One contender with one number of calls.

    Attributes:
        contender: its name.
        calls: connected.
        talking: of which converse.
        seconds: measured.
        cpu: of a core, for each call.
        memory: bytes, for each call.
        rss: bytes in all.
        replies: begun.
        latency: ms, from the last loud frame to the reply's first loud sample.
        clearing: ms, from an interruption's first loud frame to ``clear``.
        underruns: times without sound in the middle of a reply.
        stale: messages of an interrupted reply after its ``clear``.
        faults: by name, those that happened.
        lag: ms, of the carrier's pacing.
        late: ms, of the model's timers.
        load: of the generator's core, by carrier and model.
        server_load: of the contender's core.
        foreign: of a core, what others used of the busier one.
        stolen: likewise, by the host.
    """

    contender: str
    calls: int
    talking: int
    seconds: float
    cpu: float
    memory: float
    rss: float
    replies: int
    latency: Summary
    clearing: Summary
    underruns: int
    stale: int
    faults: Mapping[str, int]
    lag: Summary
    late: Summary
    load: float
    server_load: float
    foreign: float
    stolen: float

    @property
    def p95(self) -> float:
        """Of the reply latency, ms; endless if nothing was answered."""
        return self.latency.get("p95", float("inf"))

    @property
    def invalid(self) -> tuple[str, ...]:
        """Why it says nothing about the contender; empty if it does."""
        lag, late = self.lag.get("p99", 0.0), self.late.get("p99", 0.0)
        return (
            *_beyond("the carrier was late by", lag, MOST_LAG, "ms at p99"),
            *_beyond("the model was late by", late, MOST_LATE, "ms at p99"),
            *_beyond("the generator used", self.load, MOST_LOAD, "of its core"),
            *_beyond("others used", self.foreign, MOST_FOREIGN, "of a core"),
            *_beyond("the host took", self.stolen, MOST_STOLEN, "of a core"),
        )

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "faults": dict(self.faults), "invalid": self.invalid}


def outcome(
    contender: str,
    found: Mapping[str, Any],
    late: Summary,
    server_core: int,
    other_core: int,
) -> Outcome:
    """From the carrier's last line and the model's."""
    used: Mapping[str, float] = found["used"]
    clock, ours = used["clock"], used["carrier"] + used["model"]
    foreign = max(
        used[f"core{server_core}"] - used["server"],
        used[f"core{other_core}"] - ours,
    )
    stolen = max(used[f"stolen{core}"] for core in (server_core, other_core))
    calls = int(found["calls"])
    return Outcome(
        contender=contender,
        calls=calls,
        talking=int(found["talking"]),
        seconds=round(clock, 1),
        cpu=used["server"] / clock / calls,
        memory=(found["bytes"] - found["idle_bytes"]) / calls,
        rss=found["bytes"],
        replies=int(found["replies"]),
        latency=found["latency_ms"],
        clearing=found["clear_ms"],
        underruns=int(found["underruns"]),
        stale=int(found["stale"]),
        faults={name: count for name, count in found["faults"].items() if count},
        lag=found["lag_ms"],
        late=late,
        load=ours / clock,
        server_load=used["server"] / clock,
        foreign=max(0.0, foreign / clock),
        stolen=stolen / clock,
    )


def _beyond(what: str, value: float, limit: float, unit: str) -> tuple[str, ...]:
    return (f"{what} {value:.3g} {unit}",) if value > limit else ()
