"""That `benchmarks.browser` measures the way of sound in both directions."""

from __future__ import annotations

from benchmarks.browser import talk


async def test_tones_come_through_both_ways() -> None:
    hears, says, device = await talk(4)
    assert len(says) == 4
    assert len(hears) >= 3
    assert device > 0
