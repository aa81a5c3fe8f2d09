"""What voxpipe promises of phone calls, held against what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .outcome import Outcome
from .pairs import Rounds, spread
from .search import Limit

Verdict = Literal["kept", "MISSED", "INVALID", "not measured"]

KB, MB = 1024, 2**20


@dataclass(frozen=True, slots=True)
class Target:
    """One promise.

    Attributes:
        what: in words.
        promised: likewise.
        measured: likewise; empty if it was not.
        verdict: whether it was kept, if that can be told.
        reasons: why it cannot.
    """

    what: str
    promised: str
    measured: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one run has measured; parts of it may be missing.

    Attributes:
        objections: to the machine, before anything ran.
        groups: outcomes round by round, of those who took turns.
        limits: how many calls each contender held.
        holding: many calls of which few talk.
        uvloop: of those who took turns on that loop; empty if it was left out.
    """

    objections: tuple[str, ...]
    groups: Sequence[Rounds]
    limits: Mapping[str, Limit]
    holding: Outcome | None
    uvloop: Rounds = field(default_factory=dict[str, list[Outcome]])


def targets(findings: Findings) -> list[Target]:
    """Every promise with its verdict."""
    return [
        *_straight(findings),
        *_fast(findings),
        *_others(findings),
        *_largest(findings),
    ]


def _straight(findings: Findings) -> Iterable[Target]:
    ours, theirs = _together(findings, "b", "a1")
    both = [*ours, *theirs]
    interrupted = [each for each in ours if each.clearing]
    title = f"(b) {_calls(ours, 100)} calls, G.711"

    def judge(
        what: str, promised: str, measure: Callable[[], tuple[bool, str]]
    ) -> Target:
        return _judge(findings, f"{title}: {what}", promised, both, measure)

    def latency() -> tuple[bool, str]:
        more = statistics.median(
            b.p95 - a.p95 for a, b in zip(theirs, ours, strict=True)
        )
        return more <= 30, f"{more:+.0f} ms"

    def cpu() -> tuple[bool, str]:
        ratio = spread([o.cpu for o in ours], [o.cpu for o in theirs])
        return ratio.median <= 1.0, f"{ratio}"

    def memory() -> tuple[bool, str]:
        each = statistics.median(outcome.memory for outcome in ours)
        return each <= 512 * KB, f"{each / KB:.0f} kB"

    def clearing() -> tuple[bool, str]:
        # The stand-in decides on the first loud sample, so this is an upper bound.
        worst = statistics.median(o.clearing["p99"] for o in interrupted)
        return worst <= 20, f"{worst:.1f} ms at p99"

    yield judge("p95 beyond the bridge's", "≤ 30 ms", latency)
    yield judge("CPU beside the bridge's", "≤ 1 ×", cpu)
    yield judge("underruns", "0", lambda: _none(o.underruns for o in ours))
    yield judge("stale messages", "0", lambda: _none(o.stale for o in ours))
    yield judge("calls with a fault", "0", lambda: _none(_faults(o) for o in ours))
    what = f"{title}: first loud frame to clear"
    yield _judge(findings, what, "≤ 20 ms", interrupted, clearing)
    yield judge("memory of a call", "≤ 512 kB", memory)


def _fast(findings: Findings) -> Iterable[Target]:
    ours, theirs = findings.uvloop.get("bf", ()), findings.uvloop.get("f1", ())

    def cpu() -> tuple[bool, str]:
        ratio = spread([o.cpu for o in ours], [o.cpu for o in theirs])
        return ratio.median <= 1.6, f"{ratio}"

    def memory() -> tuple[bool, str]:
        each = statistics.median(outcome.memory for outcome in ours)
        return each <= 150 * KB, f"{each / KB:.0f} kB"

    what = f"(bf) {_calls(ours, 100)} calls, G.711, fast"
    both = [*ours, *theirs]
    yield _judge(findings, f"{what}: CPU beside picows' bridge", "≤ 1.6 ×", both, cpu)
    yield _judge(findings, f"{what}: memory of a call", "≤ 150 kB", ours, memory)


def _others(findings: Findings) -> Iterable[Target]:
    ours, theirs = _together(findings, "c", "a2")

    def sooner() -> tuple[bool, str]:
        less = statistics.median(
            a.p95 - c.p95 for a, c in zip(theirs, ours, strict=True)
        )
        return less >= 80, f"{less:.0f} ms"

    what = (
        f"(c) {_calls(ours, 100)} calls, resampled: p95 before the bridge's with soxr"
    )
    yield _judge(findings, what, "≥ 80 ms", [*ours, *theirs], sooner)
    local, _ = _together(findings, "d", "a1")
    what = f"(d) {_calls(local, 50)} calls, local VAD: underruns"
    yield _judge(findings, what, "0", local, lambda: _none(o.underruns for o in local))
    held = [findings.holding] if findings.holding else []
    what = f"{_calls(held, 500)} connected, {held[0].talking if held else 25} talk"

    def dropped() -> tuple[bool, str]:
        return _none(_faults(each) for each in held)

    def total() -> tuple[bool, str]:
        return held[0].rss <= 256 * MB, f"{held[0].rss / MB:.0f} MB"

    yield _judge(findings, f"{what}: faults", "0", held, dropped)
    yield _judge(findings, f"{what}: memory", "≤ 256 MB", held, total)


def _largest(findings: Findings) -> Iterable[Target]:
    limits = findings.limits
    for name, peer, how in (("b", "e1", "server VAD"), ("d", "e2", "local VAD")):
        what = f"({name}) largest N, {how}"
        promised = "≥ min(5 × Pipecat's, 0.9 × the bridge's)"
        if any(each not in limits for each in (name, peer, "a1")):
            yield Target(what, promised, "", "not measured")
            continue
        ours, pipecat, bridge = limits[name], limits[peer], limits["a1"]
        floors = ((5 * pipecat.calls, pipecat), (0.9 * bridge.calls, bridge))
        measured = f"{ours.calls}; Pipecat {pipecat.calls}, bridge {bridge.calls}"
        reasons = (*findings.objections, *ours.invalid)
        # Who reaches one of the two for sure need not know how large the other is.
        if not any(
            ours.calls >= enough and not peer.invalid for enough, peer in floors
        ):
            reasons = (*reasons, *pipecat.invalid, *bridge.invalid)
        verdict = _verdict(ours.calls >= min(at for at, _ in floors), reasons)
        yield Target(what, promised, measured, verdict, reasons)


def _together(
    findings: Findings, one: str, other: str
) -> tuple[Sequence[Outcome], Sequence[Outcome]]:
    """What both found in the group in which they took turns."""
    for rounds in findings.groups:
        if one in rounds and other in rounds:
            return rounds[one], rounds[other]
    return (), ()


def _judge(
    findings: Findings,
    what: str,
    promised: str,
    evidence: Sequence[Outcome],
    measure: Callable[[], tuple[bool, str]],
) -> Target:
    if not evidence:
        return Target(what, promised, "", "not measured")
    kept, measured = measure()
    reasons = list(findings.objections)
    for outcome in evidence:
        reasons += [f"{outcome.contender}: {why}" for why in outcome.invalid]
    return Target(what, promised, measured, _verdict(kept, reasons), tuple(reasons))


def _verdict(kept: bool, reasons: Sequence[str]) -> Verdict:
    if reasons:
        return "INVALID"
    return "kept" if kept else "MISSED"


def _none(counts: Iterable[int]) -> tuple[bool, str]:
    total = sum(counts)
    return total == 0, str(total)


def _faults(outcome: Outcome) -> int:
    return sum(outcome.faults.values())


def _calls(outcomes: Sequence[Outcome], usual: int) -> int:
    return outcomes[0].calls if outcomes else usual
