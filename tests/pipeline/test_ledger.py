"""The ledger shares what was played of a reply among its items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import PlayedItem, Timings
from voxpipe.pipeline.ledger import Ledger


def test_items_share_the_timeline_of_their_reply() -> None:
    ledger = Ledger()
    assert ledger.generated == 0.0
    assert ledger.grow(1.0, "first", 0) == 0.0
    assert ledger.grow(0.5, "first", 0) == 1.0
    assert ledger.grow(2.0, "second", 1) == 1.5
    assert ledger.generated == 3.5
    assert ledger.items(2.0, "measured") == (
        PlayedItem("first", 0, 1.5, 1.5, "measured"),
        PlayedItem("second", 1, 2.0, 0.5, "measured"),
    )


def test_an_item_that_goes_on_after_another_is_counted_together() -> None:
    ledger = Ledger()
    for item in "aba":
        ledger.grow(1.0, item, 0)
    assert ledger.items(2.5, "estimated") == (
        PlayedItem("a", 0, 2.0, 1.5, "estimated"),
        PlayedItem("b", 0, 1.0, 1.0, "estimated"),
    )


@given(
    lengths=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.floats(0.001, 2.0)),
        max_size=8,
    ),
    played=st.floats(0.0, 20.0),
)
def test_what_was_played_of_the_items_is_what_was_played_of_the_reply(
    lengths: list[tuple[str, int, float]], played: float
) -> None:
    ledger = Ledger()
    for item, index, seconds in lengths:
        ledger.grow(seconds, item, index)
    items = ledger.items(played, "estimated")
    assert sum(item.generated for item in items) == pytest.approx(ledger.generated)
    assert sum(item.played for item in items) == pytest.approx(
        min(played, ledger.generated)
    )
    assert all(0.0 <= item.played <= item.generated + 1e-9 for item in items)
    keys = [(item.item_id, item.content_index) for item in items]
    assert len(set(keys)) == len(keys)


def test_no_milestone_is_known_before_it_is_passed() -> None:
    timings = Timings()
    assert {getattr(timings, name) for name in Timings.__slots__} == {None}


def test_timings_can_be_told_on_another_clock() -> None:
    timings = Timings(user_stopped=10.0, first_played=10.5)
    assert timings.since(10.0) == Timings(user_stopped=0.0, first_played=0.5)
