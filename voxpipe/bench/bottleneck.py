"""What to look at first: what costs most beyond what cannot be helped, by name.

Each finding rests on something that was measured, and says what. They are ordered by
the milliseconds that they cost a turn, about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

BOX = 2_000.0  # us a frame; a tenth of its length: no box of voxpipe's takes a fifth
TOOL = 300.0  # ms that a caller hears as a pause
BLOCKS = 50.0  # ms in which a tool works and does not let others: they hear a gap
UNSTEADY = 60.0  # ms between the median and p95 of a way that only a network has
FAR = 30.0  # ms that a network takes, each way; within a city it takes 5
OFTEN = 0.5  # gaps a call: a single one is an accident
STAGE = 40.0  # ms of a stage of ours that ought to take none

Kind = Literal["box", "tool", "loop", "caller network", "model network", "model", "app"]

_TOOL = "the tool "  # as `StallMonitor` calls one
Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """A finding.

    Attributes:
        kind: of what it is about.
        name: of the box, the tool or the way.
        ms: that it costs a turn, about.
        why: what was measured.
        cure: what to do.
    """

    kind: Kind
    name: str
    ms: float
    why: str
    cure: str


def bottlenecks(report: Told) -> list[dict[str, Any]]:
    """All findings, the worst first."""
    found = [
        *_stalls(report),
        *_tools(report),
        *_boxes(report),
        *_graph(report),
        *_caller_network(report),
        *_model_network(report),
        *_model(report),
    ]
    found.sort(key=lambda each: -each.ms)
    return [{**asdict(each), "ms": round(each.ms, 1)} for each in found]


def _stage(report: Told, name: str) -> Told:
    nothing = {"p50": 0.0, "p95": 0.0, "mean": 0.0, "count": 0}
    found: Told = report["latency_ms"].get(name) or nothing
    return found


def _is_virtual(report: Told) -> bool:
    return bool(report["plan"]["clock"] == "virtual")


# --- what works, or stands still


def _stalls(report: Told) -> Iterator[Bottleneck]:
    worst: dict[str, tuple[float, str]] = {}
    for each in report["stalls"]:
        worst[each["who"]] = max(
            worst.get(each["who"], (0.0, "")), (each["ms"], each["place"])
        )
    for who, (ms, place) in worst.items():
        yield Bottleneck(
            "tool" if who.startswith(_TOOL) else "loop",
            who.removeprefix(_TOOL),
            ms,
            f"it kept the event loop for {ms:.0f} ms, at {place}: meanwhile no call "
            "hears or says anything",
            "await it, or do it in a thread: a tool as a plain def",
        )


def _tools(report: Told) -> Iterator[Bottleneck]:
    told = {each["who"].removeprefix(_TOOL) for each in report["stalls"]}
    for name, each in report["tools"].items():
        if name in told:
            continue
        blocks = _is_virtual(report) and each["worked_ms"] - each["mean_ms"] > BLOCKS
        if blocks:
            yield Bottleneck(
                "tool",
                name,
                each["worked_ms"],
                f"it worked for {each['worked_ms']:.0f} ms a call while no time of the "
                "loop's passed: it blocks every call of its process",
                "await what it waits for, or make it a plain def, which gets a thread",
            )
        elif each["mean_ms"] > TOOL:
            yield Bottleneck(
                "tool",
                name,
                each["mean_ms"],
                f"it takes {each['mean_ms']:.0f} ms a call, while the caller waits",
                "make it faster, have the agent say something meanwhile, or let it go "
                "on in the background",
            )


def _boxes(report: Told) -> Iterator[Bottleneck]:
    for name, each in report["boxes"].items():
        if each["us_a_frame"] > BOX:
            ms = each["us_a_frame"] / 1000
            yield Bottleneck(
                "box",
                name,
                max(ms, _stage(report, "graph")["p50"]),
                f"it works {ms:.1f} ms for each frame of the loop's own time, "
                f"{each['percent_of_a_core']:.0f} % of a core for each call",
                "give it less to do, or do it in a thread, in a Processor",
            )


def _graph(report: Told) -> Iterator[Bottleneck]:
    """A box with a task of its own: by what it drops, and how long audio is in it."""
    for name, each in report["queues"].items():
        if each["dropped"]:
            yield Bottleneck(
                "box",
                name.rpartition(".")[0],
                each["high_water_ms"],
                f"{each['dropped']:.0f} frames were dropped at {name}, where up to "
                f"{each['high_water_ms']:.0f} ms of audio waited",
                "it reads more slowly than audio comes: let it wait for nothing "
                "between two frames",
            )
    for stage, between in (("graph", _after(report)), ("inbound", _before(report))):
        slow = _stage(report, stage)["p50"]
        if slow > STAGE and between:
            yield Bottleneck(
                "box",
                ", ".join(between),
                slow,
                f"half of all turns spend {slow:.0f} ms and more there, on the way "
                + ("to the caller" if stage == "graph" else "to the model"),
                "look at what it waits for before it hands a frame on",
            )


def _model_boxes(report: Told) -> set[str]:
    """Boxes with an input that only a model has."""
    return {to for _, _, to, port in report["links"] if port == "hears"}


def _lines(report: Told) -> set[str]:
    return {to for _, _, to, port in report["links"] if port == "speaks"}


def _after(report: Told) -> list[str]:
    return _on_the_way(report, _model_boxes(report), _lines(report), "says")


def _before(report: Told) -> list[str]:
    return _on_the_way(report, _lines(report), _model_boxes(report), "heard")


def _on_the_way(
    report: Told, sources: set[str], sinks: set[str], port: str
) -> list[str]:
    """The boxes between an output of some boxes and the others, in order."""
    on, ways = list[str](), report["links"]
    waiting = [to for box, out, to, _ in ways if box in sources and out == port]
    while waiting:
        box = waiting.pop(0)
        if box in sinks or box in on:
            continue
        on.append(box)
        waiting += [to for source, _, to, _ in ways if source == box]
    return [box for box in on if _leads_to(report, box, sinks)]


def _leads_to(report: Told, box: str, sinks: set[str]) -> bool:
    seen, waiting = set[str](), [box]
    while waiting:
        at = waiting.pop()
        if at in sinks:
            return True
        if at not in seen:
            seen.add(at)
            waiting += [to for source, _, to, _ in report["links"] if source == at]
    return False


# --- what lies in between


def _caller_network(report: Told) -> Iterator[Bottleneck]:
    line, inbound = _stage(report, "line"), _stage(report, "inbound")
    steady = line["p50"] + (0.0 if _before(report) else inbound["p50"])
    swing = max(
        line["p95"] - line["p50"],
        0.0 if _before(report) else inbound["p95"] - inbound["p50"],
    )
    gaps = report["line_gaps_ms"]
    if swing - _busy(report) > UNSTEADY or _is_lossy(report):
        yield Bottleneck(
            "caller network",
            "between the callers and the app",
            max(swing, gaps["p95"]),
            f"for up to {gaps['max']:.0f} ms nothing came of a line that sends each "
            f"20 ms, {gaps['count']} times in {report['calls']} calls, and "
            f"{report['underruns']} times a reply had a gap: packets are lost, or come "
            "late",
            "put the app near the carrier's edge, on a wired line",
        )
    elif steady > 2 * FAR:
        yield Bottleneck(
            "caller network",
            "between the callers and the app",
            steady,
            f"half of all turns spend {steady:.0f} ms on the way from and to the ear",
            "put the app near the carrier's edge",
        )


def _busy(report: Told) -> float:
    """Milliseconds by which the app and the callers are late, and no network."""
    return float(report["loop_lag_ms"]["p99"] + report["caller_late_ms"])


def _is_lossy(report: Told) -> bool:
    """Often nothing came of the line, for longer than callers and app were busy."""
    gaps = report["line_gaps_ms"]
    often = OFTEN * report["calls"]
    return bool(gaps["count"] > often and gaps["p50"] > _busy(report))


def _model_network(report: Told) -> Iterator[Bottleneck]:
    trip, gaps = report["model_round_trip_ms"], report["delta_gaps_ms"]
    ways = [trip, _stage(report, "commit")]
    if report["sides"].get("turn_detection") == "model" and not _is_lossy(report):
        ways.append(_stage(report, "turn_detection"))
    swing = max(each["p95"] - each["p50"] for each in ways) - _busy(report)
    if swing > UNSTEADY or gaps["count"] > OFTEN * report["calls"]:
        yield Bottleneck(
            "model network",
            "between the app and the model",
            max(swing, gaps["p95"]),
            f"the same question takes {swing:.0f} ms more in one of twenty turns than "
            f"in half of them, and {gaps['count']} times a reply's audio paused, for "
            f"up to {gaps['max']:.0f} ms: packets are lost, or come late",
            "run the app in the model's region, and look at its uplink",
        )
    elif trip["p50"] > 2 * FAR:
        yield Bottleneck(
            "model network",
            "between the app and the model",
            trip["p50"],
            f"a question and its answer take {trip['p50']:.0f} ms on the way",
            "run the app in the model's region",
        )


def _model(report: Told) -> Iterator[Bottleneck]:
    model, total = _stage(report, "first_delta"), _stage(report, "total")
    if not total["count"]:
        return
    yield Bottleneck(
        "model",
        "the model",
        0.0,  # it cannot be helped here: it comes last
        f"half of its replies take {model['p50']:.0f} ms to their first audio, of "
        f"{total['p50']:.0f} ms in all",
        "less to read, a faster model, less reasoning",
    )
