"""What happens often is told now and then, with how often it was."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline.runtime.seldom import Seldom


def test_the_first_is_told_at_once_and_others_with_their_number_later() -> None:
    seldom = Seldom(60)
    assert [seldom.count(now) for now in (5, 6, 64, 65, 66)] == [1, 0, 0, 3, 0]


@given(st.lists(st.floats(0, 200), max_size=60).map(sorted))
def test_there_is_never_more_than_one_line_in_an_interval(times: list[float]) -> None:
    seldom = Seldom(10)
    told = [(now, count) for now in times if (count := seldom.count(now))]
    moments = [now for now, _ in told]
    assert all(b >= a + 10 for a, b in pairwise(moments))
    assert sum(count for _, count in told) <= len(times)
