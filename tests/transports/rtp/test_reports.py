from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.rtp.packet import RtpPacket
from voxpipe.transports.rtp.reports import Received, clock_of, sent, until_next
from voxpipe.transports.rtp.rtcp import Block, Report


def packet(number: int) -> RtpPacket:
    return RtpPacket(0, number % 2**16, number * 160 % 2**32, 7, b"")


def heard(numbers: list[int], transit: int = 0) -> Received:
    received = Received(packet(numbers[0]))
    for number in numbers:
        received.note(packet(number), number * 160 + transit)
    return received


@given(
    begin=st.integers(0, 2**16 - 1),
    lost=st.sets(st.integers(1, 98)),
)
def test_what_is_lost_is_counted_across_the_wrap(begin: int, lost: set[int]) -> None:
    received = heard([begin + n for n in range(100) if n not in lost])
    block = received.block(0.0)
    assert received.lost == block.lost == len(lost)
    assert block.fraction == len(lost) * 256 // 100
    assert block.highest == begin + 99
    assert received.block(0.0).fraction == 0  # since then none was expected


def test_those_that_come_twice_make_up_for_lost_ones() -> None:
    assert heard([0, 1, 1, 1, 4]).block(0.0).lost == 0
    assert heard([0, 1, 1, 1, 2]).block(0.0).lost == -2


def test_jitter_is_a_sixteenth_of_each_change_of_transit() -> None:
    received = Received(packet(0))
    received.note(packet(0), 0)
    received.note(packet(1), 160 + 32)
    assert received.jitter == 2.0
    received.note(packet(2), 320 + 32)
    assert received.jitter == pytest.approx(2.0 - 2.0 / 16)
    assert heard(list(range(500)), transit=12_345).jitter == 0.0


def test_the_way_there_and_back_is_measured_by_the_answer_to_a_report() -> None:
    ours = heard([1])
    begins = 1_000_000.25  # seconds; RTCP keeps their lower 16 bits
    clock = sent(begins, 0, 1, 160).clock
    answer = Block(99, last_report=clock >> 16 & 0xFFFFFFFF, since_report=65_536 // 2)
    ours.heed(Report(7, (answer,)), 99, begins + 0.58)
    assert ours.round_trip == pytest.approx(0.08, abs=0.001)


def test_a_report_about_others_or_with_nonsense_measures_nothing() -> None:
    ours = heard([1])
    for block in (Block(98, last_report=1), Block(99), Block(99, last_report=5)):
        ours.heed(Report(7, (block,)), 99, 100.0)
    assert ours.round_trip is None


def test_we_answer_a_report_with_its_clock_and_how_long_ago_it_came() -> None:
    received = heard([1])
    theirs = sent(5.0, 0, 1, 160)
    received.heed(Report(7, (), theirs), 99, 10.0)
    block = received.block(10.5)
    assert block.last_report == clock_of(5.0) >> 16
    assert block.since_report == 32_768


def test_reports_come_every_five_seconds_and_never_at_once() -> None:
    random = Random(1)
    times = [until_next(random) for _ in range(2_000)]
    assert 2.0 < min(times) < 2.2
    assert 6.0 < max(times) < 6.2
    assert len(set(times)) == 2_000
