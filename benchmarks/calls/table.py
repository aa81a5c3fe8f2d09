"""Outcomes as lines for people."""

from __future__ import annotations

from .outcome import Outcome

HEAD = (
    "      calls  CPU/call  kB/call   latency p50   p95   p99  clear p50   p95   max"
    "  replies underruns stale"
)


def row(outcome: Outcome) -> str:
    """One line below `HEAD`; what is wrong with it stands at its end."""
    late, clear = outcome.latency, outcome.clearing
    figures = (
        f"{outcome.contender:<4} {outcome.calls:>6}  {outcome.cpu:>8.3%} "
        f"{outcome.memory / 1024:>8.0f} {_ms(late, 'p50'):>13} {_ms(late, 'p95'):>5} "
        f"{_ms(late, 'p99'):>5} {_ms(clear, 'p50'):>10} {_ms(clear, 'p95'):>5} "
        f"{_ms(clear, 'max'):>5} {outcome.replies:>8} {outcome.underruns:>9} "
        f"{outcome.stale:>5}"
    )
    faults = [f"{count} {name}" for name, count in outcome.faults.items()]
    notes = [*faults, *(f"INVALID: {why}" for why in outcome.invalid)]
    return "  ".join([figures, "; ".join(notes)]).rstrip()


def _ms(summary: dict[str, float], point: str) -> str:
    return f"{summary[point]:.0f}" if point in summary else "-"
