"""Packets go on as they come, in order, and one waits for one that was overtaken."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from voxpipe.webrtc.arrival import Arrival


@dataclass(frozen=True)
class Packet:
    sequence_number: int


def gone_on(*numbers: int) -> list[list[int]]:
    """What goes on with each packet that comes."""
    arrival = Arrival[Packet]()
    return [
        [each.sequence_number for each in arrival.take(Packet(number))]
        for number in numbers
    ]


def test_in_order_nothing_waits_not_even_where_numbers_begin_again() -> None:
    assert gone_on(65_534, 65_535, 0, 1) == [[65_534], [65_535], [0], [1]]


def test_one_that_was_overtaken_is_put_in_its_place() -> None:
    assert gone_on(7, 9, 8, 10) == [[7], [], [8, 9], [10]]


def test_one_that_is_lost_keeps_one_other_back_and_no_more() -> None:
    assert gone_on(7, 9, 10, 11) == [[7], [], [9, 10], [11]]


def test_two_gaps_are_given_up_one_after_the_other() -> None:
    assert gone_on(7, 9, 11, 12, 13) == [[7], [], [9], [11, 12], [13]]


@pytest.mark.parametrize("again", [7, 8, 9, 10])
def test_what_comes_late_or_twice_does_not_go_on(again: int) -> None:
    assert gone_on(7, 9, 10, again) == [[7], [], [9, 10], []]


def test_a_sender_that_counts_from_elsewhere_is_followed() -> None:
    assert gone_on(40_000, 40_001, 12, 13) == [[40_000], [40_001], [], [12, 13]]
    assert gone_on(12, 13, 40_000, 40_001) == [[12], [13], [40_000], [40_001]]


def test_what_was_given_up_is_counted_when_it_comes_after_all() -> None:
    arrival = Arrival[Packet]()
    for number in (7, 9, 10, 8):
        arrival.take(Packet(number))
    assert arrival.late == 1
