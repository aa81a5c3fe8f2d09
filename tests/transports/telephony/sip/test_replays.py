"""A webhook counts once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.sip import Replays
from voxpipe.transports.telephony.sip.replays import LIFETIME
from voxpipe.transports.telephony.sip.webhook import TOLERANCE


def test_what_comes_again_is_known() -> None:
    replays = Replays()
    assert replays.claim("wh_1", 0) == "new"
    assert replays.claim("wh_1", LIFETIME - 1) == "seen"
    assert replays.claim("wh_2", 0) == "new"


def test_it_is_remembered_for_as_long_as_its_time_is_good() -> None:
    assert (
        LIFETIME >= 2 * TOLERANCE
    )  # signed in the future, and delivered again in time
    replays = Replays()
    replays.claim("wh_1", 0)
    assert replays.claim("wh_1", LIFETIME) == "new"
    assert len(replays) == 1


def test_a_full_memory_takes_no_more_and_forgets_nobody() -> None:
    replays = Replays(capacity=2)
    assert [replays.claim(name, 0) for name in "abc"] == ["new", "new", "full"]
    assert replays.claim("a", 1) == "seen"
    replays.forget("a")
    assert replays.claim("c", 1) == "new"


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 200)), max_size=40),
    st.integers(1, 4),
)
def test_nothing_is_taken_twice_within_its_time(
    steps: list[tuple[str, float]], capacity: int
) -> None:
    replays, now = Replays(capacity), 0.0
    taken: dict[str, float] = {}
    for name, later in steps:
        now += later
        if replays.claim(name, now) == "new":
            assert name not in taken or now >= taken[name] + LIFETIME
            taken[name] = now
        assert len(replays) <= capacity
