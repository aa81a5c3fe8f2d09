"""That `benchmarks.browser` measures the way of sound in both directions."""

from __future__ import annotations

import pytest

from benchmarks.browser import Way, talk


@pytest.mark.parametrize("over", ["websocket", "webrtc"])
async def test_tones_come_through_both_ways(over: Way) -> None:
    hears, says, device = await talk(4, over)
    assert len(says) == 4
    assert len(hears) >= 3
    assert device > 0
