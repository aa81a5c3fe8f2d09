"""That the way of sound is measured in both directions; `benchmarks.browser` quotes it."""

from __future__ import annotations

from benchmarks.browser import talk


async def test_tones_come_through_both_ways() -> None:
    hears, says, device = await talk(4)
    assert len(says) == 4
    assert len(hears) >= 3
    assert device > 0
