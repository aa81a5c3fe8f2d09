"""From calls to a report: what `report.json` holds.

It is plain JSON. ``samples`` keeps every value by call, so that another run can be
compared with it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from voxpipe import __version__

from .bottleneck import bottlenecks
from .figures import figure
from .plan import CallRun, Plan, Used
from .turns import STAGES, Exchange, Turn, matched

Report = dict[str, Any]
SUMS = ("total", "ours", "model")


def turns_of(run: CallRun) -> list[Turn]:
    """The answers that a caller has heard."""
    measured = run.measured
    told = zip(measured.answered_at, measured.reply_after, strict=True)
    answers = {heard - seconds: heard for heard, seconds in told}
    exchanges = [Exchange.of(each) for each in run.seen.get("exchanges", ())]
    return matched(answers, exchanges, run.began)


def reported(app: str, plan: Plan, runs: Sequence[CallRun], used: Used) -> Report:
    """All that was found."""
    turns = [turns_of(run) for run in runs]
    samples = _samples(turns)
    samples["barge_in"] = [
        [each * 1000 for each in run.measured.clear_after] for run in runs
    ]
    order = (*SUMS, *(name for name in STAGES if name in samples))
    told: Report = {
        "voxpipe": __version__,
        "app": app,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": _planned(plan),
        "calls": len(runs),
        "turns": sum(map(len, turns)),
        "seconds": round(used.seconds, 1),
        "latency_ms": {name: asdict(figure(samples[name])) for name in order},
        "barge_in_ms": asdict(figure(samples["barge_in"])),
        "greeting_ms": asdict(figure(_greetings(runs))),
        "interruptions": sum(run.measured.interruptions for run in runs),
        "stale_frames": sum(run.measured.stale for run in runs),
        "underruns": sum(run.measured.underruns for run in runs),
        "gap_ms": asdict(figure([_ms(run.measured.gap_seconds) for run in runs])),
        "faults": _faults(runs),
        "failures": dict(Counter(run.failure for run in runs if run.failure)),
        "cpu_percent_per_call": _cpu(runs, used),
        "memory_kb_per_call": round(used.memory / 1000 / len(runs), 1),
        "cpu_and_memory_of": used.whose,
        "loop_lag_ms": asdict(figure([_ms(used.lag)])),
        "caller_late_ms": round(used.late * 1000, 1),
        "percent_of_a_core": {
            name: round(100 * share, 1) for name, share in used.others.items()
        },
        "model_round_trip_ms": asdict(figure(_seen(runs, "round_trips"))),
        "line_gaps_ms": asdict(figure(_seen(runs, "line_gaps"))),
        "delta_gaps_ms": asdict(figure(_seen(runs, "delta_gaps"))),
        "stalls": _stalls(used),
        "tools": _tools(runs),
        "boxes": _boxes(runs),
        "queues": _queues(runs),
        "links": next((run.seen["links"] for run in runs if run.seen.get("links")), ()),
        "stages": {name: STAGES[name] for name in order if name in STAGES},
        "sides": _sides(turns),
        "samples": samples,
    }
    told["bottlenecks"] = bottlenecks(told)
    return told


def _planned(plan: Plan) -> dict[str, Any]:
    script = plan.script
    return {
        "calls": plan.calls,
        "seconds": plan.seconds,
        "over": plan.over,
        "clock": plan.clock,
        "model": plan.endpoint or "simulated",
        "timing": None if plan.endpoint else script.timing.model_dump(),
        "caller_network": asdict(plan.caller_network),
        "model_network": asdict(plan.model_network),
        "seed": plan.seed,
    }


def _samples(turns: Sequence[Sequence[Turn]]) -> dict[str, list[list[float]]]:
    found: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in turns])
    for name in SUMS:
        _ = found[name]
    for number, each in enumerate(turns):
        for turn in each:
            found["total"][number].append(round(turn.total * 1000, 3))
            for side, seconds in turn.sides().items():
                found[side][number].append(round(seconds * 1000, 3))
            for stage, seconds in turn.stages().items():
                found[stage][number].append(round(seconds * 1000, 3))
    return dict(found)


def _greetings(runs: Sequence[CallRun]) -> list[list[float]]:
    found = (run.measured.greeting_after for run in runs)
    return [[] if each is None else [each * 1000] for each in found]


def _seen(runs: Sequence[CallRun], name: str) -> list[list[float]]:
    return [_ms(run.seen.get(name, ())) for run in runs]


def _ms(seconds: Any) -> list[float]:
    return [round(each * 1000, 3) for each in seconds]


def _faults(runs: Sequence[CallRun]) -> dict[str, int]:
    total = Counter[str]()
    for run in runs:
        total.update(run.faults)
    return {name: count for name, count in total.items() if count}


def _cpu(runs: Sequence[CallRun], used: Used) -> float:
    talked = sum(max(run.ended - run.began, 0.0) for run in runs)
    return round(100 * used.cpu / talked, 3) if talked else 0.0


def _stalls(used: Used) -> list[dict[str, Any]]:
    return [
        {"who": who, "place": place, "ms": round(seconds * 1000)}
        for who, place, seconds in used.stalls
    ]


def _tools(runs: Sequence[CallRun]) -> dict[str, dict[str, float]]:
    """By name: calls, and the mean of their times."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for run in runs:
        for name, each in run.seen.get("tools", {}).items():
            sums[name].update(each)
    return {
        name: {
            "calls": each["calls"],
            "mean_ms": round(1000 * each["seconds"] / each["calls"], 3),
            "worked_ms": round(1000 * each["worked"] / each["calls"], 3),
        }
        for name, each in sums.items()
        if each["calls"]
    }


def _boxes(runs: Sequence[CallRun]) -> dict[str, dict[str, float]]:
    """The fused boxes: frames, microseconds a frame, and their share of the calls."""
    taken, busy = Counter[str](), Counter[str]()
    for run in runs:
        for name, each in run.seen.get("boxes", {}).items():
            taken[name] += each["taken"]
            busy[name] += each["busy"]
    talked = sum(max(run.ended - run.began, 0.0) for run in runs) or 1.0
    return {
        name: {
            "frames": count,
            "us_a_frame": round(1e6 * busy[name] / count, 2) if count else 0.0,
            "percent_of_a_core": round(100 * busy[name] / talked, 4),
        }
        for name, count in taken.items()
    }


def _queues(runs: Sequence[CallRun]) -> dict[str, dict[str, float]]:
    """The inputs: what was delivered and dropped, and the most that ever waited."""
    found: dict[str, dict[str, float]] = {}
    for run in runs:
        for name, each in run.seen.get("inputs", {}).items():
            known = found.setdefault(name, dict.fromkeys(_SUMMED + _HIGHEST, 0))
            for key in _SUMMED:
                known[key] += each[key]
            for key in _HIGHEST:
                known[key] = max(known[key], each[key])
    return found


_SUMMED = ("delivered", "dropped", "stale", "discarded")
_HIGHEST = ("high_water", "high_water_ms")


def _sides(turns: Sequence[Sequence[Turn]]) -> Mapping[str, str]:
    """Whose each stage is; where that changes from turn to turn, whose it was last."""
    return {
        stage: turn.side_of(stage)
        for each in turns
        for turn in each
        for stage in turn.stages()
    }
