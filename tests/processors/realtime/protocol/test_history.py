"""The conversation as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.realtime.memory import History


def names(history: History) -> list[str]:
    return [entry.item_id for entry in history]


def test_items_stand_behind_the_one_that_they_follow() -> None:
    history = History()
    history.place("a", "user", None)
    history.place("c", "agent", "a")
    history.place("b", "tool", "a")
    history.place("d", "user", "an item that was never told")
    assert names(history) == ["a", "b", "c", "d"]


def test_an_item_is_placed_once() -> None:
    history = History()
    first = history.place("a", "user", None)
    history.place("b", "user", "a")
    assert history.place("a", "user", "b") is first
    assert names(history) == ["a", "b"]
    assert history.find("a") is first
    assert history.find("x") is None


def test_a_removed_item_does_not_come_back() -> None:
    history = History()
    history.place("a", "agent", None)
    history.remove("a")
    history.place("a", "agent", None).text = "late words"
    assert names(history) == []
    assert history.find("a") is None


def test_what_is_put_behind_a_removed_item_stands_in_its_place() -> None:
    history = History()
    for item, previous in (("a", None), ("b", "a"), ("c", "b")):
        history.place(item, "user", previous)
    assert history.remove("b")
    assert not history.remove("b")
    assert names(history) == ["a", "c"]
    history.place("d", "user", "b")  # the service had not yet heard of it
    assert names(history) == ["a", "d", "c"]
    history.confirm("b")
    history.place("e", "user", "b")
    assert names(history) == ["a", "d", "c", "e"]


def test_an_item_that_was_heard_of_early_finds_its_place_later() -> None:
    history = History()
    history.place("a", "agent", None)
    history.place("u", "user", None).text = "words that came before their item"
    history.place("b", "agent", "a")
    history.place("c", "agent", "b")
    history.place("u", "user", "b")
    assert names(history) == ["a", "b", "u", "c"]
    history.place("u", "user", "c")
    assert names(history) == ["a", "b", "u", "c"]


def test_only_what_is_expected_there_comes_first() -> None:
    history = History()
    history.place("a", "user", None)
    history.expect_first("s")
    history.place("b", "user", None)
    history.place("s", "system", None)
    assert names(history) == ["s", "a", "b"]


def test_words_stay_out_of_the_repr() -> None:
    entry = History().place("a", "user", None)
    entry.text = entry.played = "secret"
    assert "secret" not in repr(entry)


ACTS = st.sampled_from(["place", "remove", "confirm", "first"])


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), ACTS)))
def test_it_is_bounded_and_consistent(steps: list[tuple[int, int, str]]) -> None:
    history = History(limit=10)
    for item, previous, act in steps:
        if act == "remove":
            history.remove(f"item_{item}")
        elif act == "confirm":
            history.confirm(f"item_{item}")
        elif act == "first":
            history.expect_first(f"item_{item}")
        else:
            history.place(f"item_{item}", "user", f"item_{previous}")
        assert len(history) <= 10
        assert len(set(names(history))) == len(history)
        assert all(history.find(name) is not None for name in names(history))
