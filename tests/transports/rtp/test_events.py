from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.rtp.events import (
    DIGITS,
    Event,
    Presses,
    parse_event,
    presses,
)
from voxpipe.transports.rtp.packet import RtpError, RtpPacket


def packets(keys: str, begin: int = 0, every: int = 1_600) -> list[list[RtpPacket]]:
    """The packets of each key, as we send them."""
    return [
        [
            RtpPacket(101, 0, (begin + at * every) % 2**32, 1, event.pack(), marker)
            for marker, event in filter(None, presses(key))
        ]
        for at, key in enumerate(keys)
    ]


def found(packets: list[RtpPacket]) -> str:
    finder = Presses()
    return "".join(digit for each in packets if (digit := finder.feed(each)))


def test_a_key_is_sent_as_its_rfc_says() -> None:
    (sent,) = packets("5")
    events = [parse_event(packet.payload) for packet in sent]
    assert {event.code for event in events} == {5}
    assert [packet.marker for packet in sent] == [True] + [False] * 7
    assert {packet.timestamp for packet in sent} == {0}
    assert [event.duration for event in events] == [160, 320, 480, 640] + [800] * 4
    assert [event.is_end for event in events] == [False] * 5 + [True] * 3
    assert len(list(presses("5"))) == 10  # ticks: 100 ms of key, and as much after it


@given(
    keys=st.text(DIGITS, max_size=20),
    begin=st.integers(0, 2**32 - 1),
    data=st.data(),
)
def test_each_key_is_found_once_whatever_of_it_is_lost_doubled_or_swapped(
    keys: str, begin: int, data: st.DataObject
) -> None:
    came: list[RtpPacket] = []
    for sent in packets(keys, begin):
        # At least one of each arrives; those of a key in any order, some of them late.
        kept = data.draw(st.lists(st.sampled_from(sent), min_size=1, max_size=12))
        came += kept
        if data.draw(st.booleans()) and len(came) > len(kept):
            came.append(came[0])
    assert found(came) == keys


def test_a_key_without_an_end_and_the_same_again_are_two() -> None:
    first, second = packets("77")
    assert found(first[:3] + second[4:]) == "77"


def test_a_key_that_is_held_for_long_is_one() -> None:
    held = [
        RtpPacket(101, 0, begin, 1, Event(3, False, 10, duration).pack(), begin == 0)
        for begin in (0, 65_535)
        for duration in (160, 40_000, 65_535)
    ]
    assert found(held) == "3"
    held[3] = RtpPacket(101, 0, 65_535, 1, held[3].payload, marker=True)
    assert found(held) == "33"


def test_what_is_no_key_is_none() -> None:
    flash = RtpPacket(101, 0, 0, 1, Event(16, False, 10, 160).pack(), marker=True)
    assert found([flash]) == ""
    with pytest.raises(RtpError, match="4 bytes, got 3"):
        found([RtpPacket(101, 0, 0, 1, b"\x01\x02\x03")])


def test_no_repr_tells_which_key_it_was() -> None:
    assert "code=" not in repr(Event(5, is_end=True, volume=10, duration=800))
    assert "payload=" not in repr(packets("5")[0][0])
