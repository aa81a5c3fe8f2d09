"""How much of what was sent a page has not yet heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import Turn
from voxpipe.transports.browser.replies import MAX_KNOWN, Replies


def test_replies_are_numbered_from_one_as_they_are_first_spoken_of() -> None:
    replies, first, second = Replies(), Turn(), Turn()
    assert [replies.number(each) for each in (first, second, first)] == [1, 2, 1]
    assert replies.heard(3, 1.0) is None
    assert replies.heard(2, 1.0) is second


def test_what_was_heard_is_not_unheard_and_cannot_be_more_than_was_sent() -> None:
    replies, turn = Replies(), Turn()
    replies.sent(turn, 2.0)
    replies.heard(1, 0.5)
    assert replies.unheard == 1.5
    replies.heard(1, 0.25)  # overtaken on its way
    assert replies.unheard == 1.5
    replies.heard(1, 90.0)
    assert replies.unheard == 0.0
    replies.sent(turn, 3.0)
    assert replies.unheard == 1.0


def test_a_later_reply_is_heard_after_all_of_an_earlier_one() -> None:
    replies = Replies()
    replies.sent(Turn(), 2.0)
    replies.sent(Turn(), 2.0)
    replies.heard(2, 0.5)
    assert replies.unheard == 1.5


def test_what_is_forgotten_is_sent_anew() -> None:
    replies, turn = Replies(), Turn()
    replies.sent(turn, 2.0)
    replies.heard(1, 0.5)
    replies.forget()
    assert replies.unheard == 0.0
    replies.sent(turn, 0.75)
    assert replies.unheard == 0.25


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sent"), st.integers(0, 99), st.floats(0, 100)),
        st.tuples(st.just("heard"), st.integers(0, 120), st.floats(0, 200)),
        st.tuples(st.just("forget"), st.just(0), st.just(0.0)),
    ),
    max_size=200,
)


@given(STEPS)
def test_it_stays_bounded_and_never_below_nothing(
    steps: list[tuple[str, int, float]],
) -> None:
    replies, turns, most = Replies(), [Turn() for _ in range(100)], 0.0
    for what, number, seconds in steps:
        if what == "sent":
            replies.sent(turns[number], seconds)
            most += seconds
        elif what == "heard":
            replies.heard(number, seconds)
        else:
            replies.forget()
            assert replies.unheard == 0.0
        assert 0.0 <= replies.unheard <= most + 1e-6
        assert len(replies.turns) <= MAX_KNOWN
