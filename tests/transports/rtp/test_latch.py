from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.rtp.latch import IN_ORDER, Address, Latch
from voxpipe.transports.rtp.packet import RtpPacket

TOLD: Address = ("34.1.2.3", 4_000)
SAME_HOST: Address = ("34.1.2.3", 4_444)
STRANGER: Address = ("35.6.7.8", 4_000)
PRIVATE: Address = ("192.168.1.5", 4_000)


def packet(number: int, ssrc: int = 1) -> RtpPacket:
    return RtpPacket(0, number % 2**16, number * 160 % 2**32, ssrc, b"\xff")


def offered(latch: Latch, source: Address, numbers: list[int], ssrc: int = 1) -> int:
    return sum(latch.takes(source, packet(number, ssrc)) for number in numbers)


def test_the_address_that_was_told_is_the_peer_with_its_first_packet() -> None:
    latch = Latch(TOLD)
    assert (latch.peer, latch.is_set) == (TOLD, False)
    assert offered(latch, TOLD, [65_535]) == 1
    assert (latch.peer, latch.is_set) == (TOLD, True)


def test_another_port_of_its_host_needs_four_packets_in_order() -> None:
    latch = Latch(TOLD)
    assert offered(latch, SAME_HOST, [65_534, 65_535, 0]) == 0
    assert latch.peer == TOLD
    assert offered(latch, SAME_HOST, [1, 2, 9]) == 3
    assert latch.peer == SAME_HOST


def test_disorder_another_ssrc_or_another_source_begins_the_count_anew() -> None:
    latch = Latch(TOLD)
    assert offered(latch, SAME_HOST, [1, 2, 3, 5, 6, 7]) == 0
    assert offered(latch, SAME_HOST, [8], ssrc=2) == 0
    assert offered(latch, SAME_HOST, [9, 10, 11], ssrc=1) == 0
    assert offered(latch, ("34.1.2.3", 5_555), [12]) == 0
    assert offered(latch, SAME_HOST, [13, 14, 15]) == 0
    assert not latch.is_set


def test_another_host_is_the_peer_only_if_that_could_not_be_reached() -> None:
    assert offered(Latch(TOLD), STRANGER, list(range(100))) == 0
    behind = Latch(PRIVATE)
    assert offered(behind, STRANGER, list(range(10))) == 10 - IN_ORDER + 1
    assert behind.peer == STRANGER
    assert offered(Latch(PRIVATE), ("10.0.0.1", 4_000), list(range(10))) == 0


def test_once_there_is_a_peer_nobody_else_becomes_one_but_who_was_told() -> None:
    latch = Latch(TOLD)
    offered(latch, SAME_HOST, [1, 2, 3, 4])
    assert offered(latch, ("34.1.2.3", 5_555), list(range(10))) == 0
    assert latch.peer == SAME_HOST
    assert offered(latch, TOLD, [77]) == 1
    assert latch.peer == TOLD
    assert offered(latch, SAME_HOST, list(range(10))) == 0


@given(
    tries=st.lists(
        st.tuples(
            st.sampled_from([STRANGER, ("35.6.7.8", 1), PRIVATE]),
            st.integers(0, 3),
            st.integers(0, 2),
        ),
        max_size=60,
    )
)
def test_no_other_host_takes_a_call_of_one_that_can_be_reached(
    tries: list[tuple[Address, int, int]],
) -> None:
    latch = Latch(TOLD)
    for source, number, ssrc in tries:
        assert not latch.takes(source, packet(number, ssrc))
    assert latch.peer == TOLD
