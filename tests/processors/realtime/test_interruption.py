"""What is taken back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import HeardItem
from voxpipe.processors.realtime.interruption import deletion, heard_words, take_back

seconds = st.floats(0, 600, allow_nan=False)
parts = st.builds(
    lambda item, part, generated, share: HeardItem(
        f"item_{item}", part, generated, generated * share, "measured"
    ),
    st.integers(0, 3),
    st.integers(0, 2),
    seconds.filter(bool),
    st.floats(0, 1),
)


@given(st.lists(parts, max_size=8), st.sets(st.sampled_from(["item_0", "item_1"])))
def test_never_more_than_was_made_never_nothing(
    items: list[HeardItem], whole: set[str]
) -> None:
    items.sort(key=lambda item: item.item_id)
    heard = {(i.item_id, i.content_index): i for i in items}
    for order in take_back(items, whole):
        if order["type"] == "conversation.item.truncate":
            item = heard[order["item_id"], order["content_index"]]
            assert order["audio_end_ms"] >= 1
            limit = max(i.generated for i in items if i.item_id == item.item_id)
            assert order["audio_end_ms"] <= max(1, limit * 1000)
        else:
            assert all(i.heard < 0.001 for i in items if i.item_id == order["item_id"])


def test_what_was_heard_to_its_end_stays() -> None:
    item = HeardItem("item_a", 0, 1.0, 1.0, "measured")
    assert take_back([item], {"item_a"}) == []


def test_what_was_not_heard_goes() -> None:
    item = HeardItem("item_a", 0, 1.0, 0.0009, "estimated")
    assert take_back([item], {"item_a"}) == [deletion("item_a")]


@given(st.text(), st.floats(0, 1))
def test_heard_words_are_the_first_of_what_was_said(said: str, share: float) -> None:
    words = heard_words(said, HeardItem("i", 0, 2.0, 2.0 * share, "measured"))
    assert said.split()[: len(words.split())] == words.split()
    assert share == 1 or len(words.split()) <= len(said.split()) * share


def test_all_words_of_what_was_heard_to_its_end_were_heard() -> None:
    item = HeardItem("i", 0, 1.0, 1.0, "measured")
    assert heard_words("as  it\nstands", item) == "as  it\nstands"
