from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.processors.vad.detector import Change, Detector, Rule

WINDOW = 100  # samples


def changes(
    probabilities: list[float],
    *,
    start: float = 0.5,
    minimum: int = 100,
    hangover: int = 300,
    preroll: int = 0,
) -> list[Change]:
    detector = Detector(Rule(start, minimum), hangover, preroll)
    steps = (
        detector.step(each, at * WINDOW, (at + 1) * WINDOW)
        for at, each in enumerate(probabilities)
    )
    return [change for change in steps if change is not None]


def test_speech_starts_with_its_first_window_and_stops_with_its_last() -> None:
    made = changes([0, 0, 1, 1, 0, 0, 0])
    assert made == [("started", 200), ("stopped", 400)]


def test_a_pause_shorter_than_the_hangover_is_part_of_the_speech() -> None:
    made = changes([1, 0, 0, 1, 0, 0, 0, 1], hangover=300)
    assert made == [("started", 0), ("stopped", 400), ("started", 700)]


def test_speech_shorter_than_the_minimum_is_none() -> None:
    assert changes([0, 1, 1, 0, 1, 1, 0], minimum=300) == []
    assert changes([0, 1, 1, 1, 0], minimum=300) == [("started", 100)]


def test_speech_goes_on_a_little_below_where_it_starts() -> None:
    assert changes([0.49, 0.5, 0.36, 0.36, 0.36, 0.36]) == [("started", 100)]
    assert changes([0.5, 0.34, 0.34, 0.34]) == [("started", 0), ("stopped", 100)]


def test_preroll_reaches_back_but_not_before_the_stream() -> None:
    assert changes([0, 0, 0, 1], preroll=250) == [("started", 50)]
    assert changes([0, 1], preroll=250) == [("started", 0)]


def test_preroll_does_not_reach_into_earlier_speech() -> None:
    made = changes([1, 0, 0, 0, 1], preroll=1_000)
    assert made == [("started", 0), ("stopped", 100), ("started", 100)]


@settings(deadline=None)
@given(
    probabilities=st.lists(st.floats(0, 1), max_size=60),
    minimum=st.integers(0, 500),
    hangover=st.integers(0, 500),
    preroll=st.integers(0, 500),
)
def test_marks_alternate_and_never_go_back(
    probabilities: list[float], minimum: int, hangover: int, preroll: int
) -> None:
    made = changes(probabilities, minimum=minimum, hangover=hangover, preroll=preroll)
    assert [kind for kind, _ in made] == (["started", "stopped"] * 30)[: len(made)]
    places = [place for _, place in made]
    assert places == sorted(places)
    assert all(0 <= place <= len(probabilities) * WINDOW for place in places)


# --- another rule for a while


def under(
    rule: Rule, probabilities: list[float], *, until: int | None = None
) -> list[Change]:
    """What is noticed while ``rule`` is in force, up to a window if one is given."""
    detector = Detector(Rule(0.5, 100), 300, 0)
    steps = (
        detector.step(
            each,
            at * WINDOW,
            (at + 1) * WINDOW,
            rule if until is None or at < until else None,
        )
        for at, each in enumerate(probabilities)
    )
    return [change for change in steps if change is not None]


def test_a_step_may_have_a_rule_of_its_own() -> None:
    assert under(Rule(0.5, 300), [1, 1, 0, 0]) == []
    assert under(Rule(0.5, 300), [1, 1, 1]) == [("started", 0)]
    assert under(Rule(0.9, 100), [0.8, 0.8, 0.95]) == [("started", 200)]


def test_a_gap_that_the_rule_allows_ends_nothing_and_does_not_count() -> None:
    rule = Rule(0.5, 300, gap=200)
    assert under(rule, [1, 1, 0, 0]) == []
    assert under(rule, [1, 1, 0, 0, 1]) == [("started", 0)]
    assert under(rule, [1, 1, 0, 0, 0, 1]) == []


def test_what_has_lasted_when_the_rule_goes_is_judged_by_the_other() -> None:
    assert under(Rule(0.5, 1_000), [1, 1, 1, 1], until=3) == [("started", 0)]
    assert under(Rule(0.5, 1_000, gap=300), [1, 1, 0, 0], until=3) == []


def test_speech_that_was_believed_stops_as_always() -> None:
    made = under(Rule(0.9, 200), [1, 1, 0.4, 0.4, 0, 0, 0])
    assert made == [("started", 0), ("stopped", 400)]
