"""What is signed counts once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.replays import LIFETIME, TOLERANCE, Replays


def test_what_comes_again_is_known() -> None:
    replays = Replays()
    assert replays.claim("wh_1", sent_at=9, now=0) == "new"
    assert replays.claim("wh_1", sent_at=9, now=LIFETIME - 1) == "seen"
    assert replays.claim("wh_2", sent_at=9, now=0) == "new"


def test_it_is_remembered_for_as_long_as_its_time_is_good() -> None:
    # Signed in the future, and delivered again in time.
    assert LIFETIME >= 2 * TOLERANCE
    replays = Replays()
    replays.claim("wh_1", sent_at=0, now=0)
    replays.claim("wh_2", sent_at=LIFETIME, now=LIFETIME)
    assert len(replays) == 1


def test_one_that_was_forgotten_is_known_should_the_day_be_set_back() -> None:
    replays = Replays()
    replays.claim("wh_1", sent_at=1_000, now=0)
    assert replays.claim("wh_1", sent_at=1_000, now=LIFETIME) == "seen"
    assert replays.claim("wh_2", sent_at=1_000, now=LIFETIME) == "seen"
    assert replays.claim("wh_3", sent_at=1_001, now=LIFETIME) == "new"


def test_a_full_memory_takes_no_more_and_forgets_nobody() -> None:
    replays = Replays(capacity=2)
    claims = [replays.claim(name, sent_at=0, now=0) for name in "abc"]
    assert claims == ["new", "new", "full"]
    assert replays.claim("a", sent_at=0, now=1) == "seen"
    replays.forget("a")
    assert replays.claim("c", sent_at=0, now=1) == "new"


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 200)), max_size=40),
    st.integers(1, 4),
)
def test_nothing_is_taken_twice(steps: list[tuple[str, float]], capacity: int) -> None:
    replays, now = Replays(capacity), 0.0
    signed: dict[str, int] = {}
    taken: set[str] = set()
    for name, later in steps:
        now += later
        sent_at = signed.setdefault(name, int(now))
        if replays.claim(name, sent_at=sent_at, now=now) == "new":
            assert name not in taken
            taken.add(name)
        assert len(replays) <= capacity


@given(
    st.lists(
        st.tuples(st.floats(0, 400), st.integers(-TOLERANCE, TOLERANCE)), max_size=30
    )
)
def test_none_is_taken_for_another_that_is_in_time(
    steps: list[tuple[float, int]],
) -> None:
    replays, now = Replays(), 1_000.0
    for number, (later, off) in enumerate(steps):
        now += later
        claim = replays.claim(f"wh_{number}", sent_at=int(now) + off + 1, now=now)
        assert claim == "new"
