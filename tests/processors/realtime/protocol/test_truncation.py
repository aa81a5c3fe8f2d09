"""What is taken back."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import PlayedItem
from voxpipe.processors.realtime.protocol.truncation import (
    by_item,
    deletion,
    played_words,
    take_back,
)

seconds = st.floats(0, 600, allow_nan=False)


@st.composite
def parts(draw: st.DrawFn) -> PlayedItem:
    generated = draw(seconds.filter(bool))
    played = generated * draw(st.floats(0, 1))
    item = f"item_{draw(st.integers(0, 3))}"
    return PlayedItem(item, draw(st.integers(0, 2)), generated, played, "measured")


@given(st.lists(parts(), max_size=8), st.sets(st.sampled_from(["item_0", "item_1"])))
def test_never_more_than_was_made_never_nothing(
    items: list[PlayedItem], whole: set[str]
) -> None:
    made: defaultdict[tuple[str, int], float] = defaultdict(float)
    for item in items:
        made[item.item_id, item.content_index] += item.generated
    seen: set[tuple[str, int]] = set()
    for order in take_back(by_item(items), whole):
        key = order["item_id"], order.get("content_index", -1)
        assert key not in seen, "one order for each"
        seen.add(key)
        if order["type"] == "conversation.item.truncate":
            assert 1 <= order["audio_end_ms"] <= max(1, made[key] * 1000)
        else:
            assert all(i.played < 0.001 for i in items if i.item_id == key[0])


def test_what_was_played_to_its_end_stays() -> None:
    item = PlayedItem("item_a", 0, 1.0, 1.0, "measured")
    assert take_back(by_item([item]), {"item_a"}) == []


def test_what_was_not_played_goes() -> None:
    item = PlayedItem("item_a", 0, 1.0, 0.0009, "estimated")
    assert take_back(by_item([item]), {"item_a"}) == [deletion("item_a")]


@given(st.text(), st.floats(0, 1))
def test_played_words_are_the_first_of_what_was_said(said: str, share: float) -> None:
    words = played_words(said, PlayedItem("i", 0, 2.0, 2.0 * share, "measured"))
    assert said.startswith(words)
    assert share < 1 or words == said


def test_all_words_of_what_was_played_to_its_end_were_played() -> None:
    item = PlayedItem("i", 0, 1.0, 1.0, "measured")
    assert played_words("as  it\nstands", item) == "as  it\nstands"
