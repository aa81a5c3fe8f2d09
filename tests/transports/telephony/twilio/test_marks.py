from __future__ import annotations

from voxpipe.pipeline import AudioFrame, Turn
from voxpipe.transports.telephony.carrier.marks import MAX_MARKS, Marks

from .carrier import FORMAT, reply


def names(marks: Marks, frames: list[AudioFrame]) -> list[str | None]:
    return [marks.after(frame) for frame in frames]


def test_a_reply_is_marked_at_once_and_then_every_100_ms() -> None:
    marks = Marks()
    got = names(marks, reply(Turn(), 0.26, 0.02))
    assert [n for n, name in enumerate(got) if name] == [0, 5, 10]


def test_each_delta_that_is_long_enough_is_marked() -> None:
    assert all(names(Marks(), reply(Turn(), 2.0, 0.25)))


def test_each_reply_gets_a_mark_of_its_own_however_short() -> None:
    marks = Marks()
    first, second = Turn(), Turn()
    assert marks.after(reply(first, 0.02, 0.02)[0]) is not None
    name = marks.after(reply(second, 0.02, 0.02)[0])
    assert name is not None
    assert marks.returned(name) == (second, 0.02)


def test_what_belongs_to_no_reply_is_not_marked() -> None:
    assert Marks().after(AudioFrame(data=bytes(8_000), format=FORMAT)) is None


def test_a_mark_stands_for_the_end_of_the_frame_before_it() -> None:
    marks, turn = Marks(), Turn()
    got = names(marks, reply(turn, 1.0, 0.25))
    assert [marks.returned(name) for name in got if name] == [
        (turn, 0.25),
        (turn, 0.5),
        (turn, 0.75),
        (turn, 1.0),
    ]
    assert len(marks) == 0


def test_a_mark_means_something_once() -> None:
    marks = Marks()
    name = marks.after(reply(Turn(), 0.25)[0])
    assert name is not None
    assert marks.returned(name) is not None
    assert marks.returned(name) is None


def test_names_that_were_never_given_mean_nothing_and_lose_nothing() -> None:
    marks = Marks()
    name = marks.after(reply(Turn(), 0.25)[0])
    assert name is not None
    for stranger in ("", "0", "99", "\ud800", "x" * 9_000):
        assert marks.returned(stranger) is None
    assert marks.returned(name) is not None


def test_marks_that_the_carrier_has_lost_go_with_the_next_that_comes() -> None:
    marks, turn = Marks(), Turn()
    got = names(marks, reply(turn, 1.0, 0.25))
    assert got[2] is not None
    assert marks.returned(got[2]) == (turn, 0.75)
    assert len(marks) == 1
    assert got[0] is not None
    assert marks.returned(got[0]) is None


def test_after_a_clear_none_of_those_that_come_back_means_anything() -> None:
    marks, turn = Marks(), Turn()
    before = names(marks, reply(turn, 1.0, 0.25))
    marks.forget()
    again = names(marks, reply(turn, 0.02, 0.02))  # marked at once, though short
    assert all(marks.returned(name) is None for name in before if name)
    assert marks.returned(str(again[0])) == (turn, 0.02)


def test_never_are_more_than_some_out_and_the_oldest_are_given_up() -> None:
    marks, turn = Marks(), Turn()
    got = names(marks, reply(turn, 60.0, 0.25))
    assert len(marks) == MAX_MARKS
    assert got[-MAX_MARKS - 1] is not None
    assert marks.returned(got[-MAX_MARKS - 1] or "") is None
    assert marks.returned(got[-MAX_MARKS] or "") == (turn, 60.25 - MAX_MARKS * 0.25)
