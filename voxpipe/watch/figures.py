"""What a pipeline did between two looks at it, as the page draws it."""

from __future__ import annotations

from typing import Any

from voxpipe.pipeline.stats import BoxStats, InputStats, Stats

NEARLY = 1.0  # ms; a frame is longer, so that none fits


def figures(before: Stats, now: Stats, seconds: float) -> dict[str, Any]:
    """Rates in frames a second, and what has waited or was lost.

    Args:
        before: the counts at the last look.
        now: the counts.
        seconds: between the two.
    """
    seconds = max(seconds, 1e-6)
    return {
        "boxes": {
            name: _box(before.boxes.get(name), box, seconds)
            for name, box in now.boxes.items()
        },
        "inputs": {
            name: _input(before.inputs.get(name), queue, seconds)
            for name, queue in now.inputs.items()
        },
        "outputs": {
            name: {
                "rate": _rate(
                    before.outputs[name].sent if name in before.outputs else 0,
                    out.sent,
                    seconds,
                )
            }
            for name, out in now.outputs.items()
        },
        "faults": dict(now.faults),
    }


def _box(before: BoxStats | None, now: BoxStats, seconds: float) -> dict[str, Any]:
    taken, busy = (before.taken, before.busy) if before else (0, 0.0)
    return {
        "rate": _rate(taken, now.taken, seconds),
        "busy": max(0.0, (now.busy - busy) / seconds),
    }


def _input(before: InputStats | None, now: InputStats, seconds: float) -> Any:
    is_full = now.depth >= now.capacity or now.depth_ms > now.capacity_ms - NEARLY
    return {
        "rate": _rate(before.delivered if before else 0, now.delivered, seconds),
        "depth": now.depth,
        "depth_ms": round(now.depth_ms, 1),
        "dropped": now.dropped,
        "full": is_full,
    }


def _rate(before: int, now: int, seconds: float) -> float:
    return max(0, now - before) / seconds
