"""What must not be, in words for continuous integration."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.bench import Verdict, parse_limit
from voxpipe.pipeline import ConfigurationError


def report(p95: float = 900.0, **counts: Any) -> dict[str, Any]:
    figure = {"count": 3, "p50": 800.0, "p95": p95, "mean": 810.0}
    return {
        "latency_ms": {"total": figure},
        "barge_in_ms": {**figure, "p95": 40.0},
        "greeting_ms": figure,
        "stale_frames": 0,
        "underruns": 0,
        "faults": {},
        **counts,
    }


@pytest.mark.parametrize(
    ("text", "is_broken"),
    [
        ("turn.p95 > 899ms", True),
        ("turn.p95 > 900", False),
        ("total.p95>100ms", True),
        ("barge_in.p95 > 50 ms", False),
        ("turn.p95 > +10%", True),
        ("turn.p95 > +13%", False),
        ("turn.p95 > +99ms", True),
        ("turn.p95 > +101ms", False),
        ("underruns > 0", True),
        ("underruns > +5", False),
        ("faults > 1", True),
        ("stale_frames > 0", False),
        ("tools.p95 > 1ms", False),  # nothing of it was measured
    ],
)
def test_a_limit_is_broken_by_what_is_beyond_it(text: str, is_broken: bool) -> None:
    now = report(underruns=3, faults={"dropped": 2})

    assert parse_limit(text).broken(now, report(800.0)) == is_broken


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("turn.p95", "expected such as"),
        ("turn.p95 < 3ms", "expected such as"),
        ("turn.p97 > 3ms", "p50, p90"),
        ("turn > 3ms", "p50, p90"),
        ("underruns.p95 > 3", "a count has none"),
        ("urn.p95 > 3ms", "there is no urn; there are turn"),
        ("turn.p95 > 10%", "than before"),
        ("underruns > 3ms", "expected such as"),
        ("turn.p95 > 1.2.3ms", "no number"),
    ],
)
def test_what_is_no_limit_is_told_how_to_be_one(text: str, cure: str) -> None:
    with pytest.raises(ConfigurationError, match=cure):
        parse_limit(text)


@given(st.text(max_size=30))
def test_whatever_is_written_is_a_limit_or_is_refused(text: str) -> None:
    try:
        limit = parse_limit(text)
    except ConfigurationError:
        return
    limit.broken(report(cpu_percent_per_call=1, memory_kb_per_call=1), report())


def test_how_much_more_than_before_needs_a_before() -> None:
    with pytest.raises(ConfigurationError, match="--compare"):
        parse_limit("turn.p95 > +10%").broken(report(), None)


def test_what_chance_explains_breaks_no_limit() -> None:
    limit = parse_limit("turn.p95 > +10%")

    def verdict(chance: float) -> list[Verdict]:
        return [
            Verdict("total.p50", 800, 800, "same", 0.9),
            Verdict("total.p95", 800, 900, "same", chance),
        ]

    assert limit.is_noise(verdict(0.2))
    assert not limit.is_noise(verdict(0.01))
    assert not limit.is_noise([])
    assert not parse_limit("turn.p95 > 100ms").is_noise(verdict(0.2))
