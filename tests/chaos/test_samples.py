"""Samples that tell their number: what was lost or doubled is counted, not believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.chaos import SampleCount, counted, numbered
from voxpipe.chaos.samples import MOST

places = st.integers(0, 4_999)


def test_what_comes_as_it_was_sent_is_whole_whatever_the_silence_around_it() -> None:
    sent = numbered(0, MOST)
    assert counted(bytes(800) + sent + bytes(2), 0, MOST).whole


@given(at=places, size=st.integers(1, 500))
def test_each_sample_that_is_cut_out_is_lost(at: int, size: int) -> None:
    sent = numbered(0, 5_000)
    came = sent[: 2 * at] + sent[2 * (at + size) :]
    count = counted(came, 0, 5_000)
    assert abs(count.lost - min(size, 5_000 - at)) <= 1  # but the one that is silence
    assert (count.doubled, count.foreign) == (0, 0)
    assert not count.whole or count.lost == 0


@given(at=places, size=st.integers(2, 500))
def test_each_sample_that_comes_twice_is_doubled(at: int, size: int) -> None:
    sent = numbered(0, 5_000)
    again = sent[2 * at : 2 * (at + size)]
    count = counted(sent + again, 0, 5_000)
    assert abs(count.doubled - len(again) // 2) <= 1
    assert count.lost == 0


def test_others_are_foreign() -> None:
    assert counted(numbered(50, 10), 0, 10) == SampleCount(10, 10, 0, 10)


def test_there_are_only_so_many_numbers() -> None:
    for first, count in ((-1, 1), (0, MOST + 1), (MOST, 1)):
        with pytest.raises(ValueError, match="numbers from 0"):
            numbered(first, count)
