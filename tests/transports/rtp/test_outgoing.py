from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.rtp.events import parse_event
from voxpipe.transports.rtp.law import TICK
from voxpipe.transports.rtp.outgoing import Outgoing


def test_a_key_is_pressed_even_if_what_was_to_be_said_is_not() -> None:
    outgoing = Outgoing("ulaw", Random(1))
    outgoing.say(b"\x11" * 400)
    outgoing.press("9")
    outgoing.say(b"\x22" * 400)
    outgoing.clear()
    packets = [outgoing.next("ulaw", 101) for _ in range(11)]
    kinds = [packet.payload_type for packet in packets]
    assert kinds == [101] * 8 + [0] * 3
    assert parse_event(packets[0].payload).code == 9
    assert {packet.payload for packet in packets[8:]} == {b"\xff" * TICK}


def test_a_key_for_a_peer_that_takes_none_any_more_is_given_up() -> None:
    outgoing = Outgoing("ulaw", Random(1))
    outgoing.press("9")
    outgoing.say(b"\x11" * TICK)
    packet = outgoing.next("ulaw", None)
    assert (packet.payload_type, packet.payload) == (0, b"\x11" * TICK)


@given(pieces=st.lists(st.binary(min_size=1, max_size=500), max_size=10))
def test_what_is_said_leaves_in_order_in_packets_of_20_ms(pieces: list[bytes]) -> None:
    outgoing = Outgoing("alaw", Random(1))
    for piece in pieces:
        outgoing.say(piece)
    said = b"".join(pieces)
    assert outgoing.waiting == len(said)
    ticks = -(-len(said) // TICK)
    sent = b"".join(outgoing.next("alaw", None).payload for _ in range(ticks))
    assert sent == said.ljust(ticks * TICK, b"\xd5")
    assert outgoing.octets == ticks * TICK


def test_after_a_hold_the_first_packet_is_marked_and_its_time_has_gone_on() -> None:
    outgoing = Outgoing("ulaw", Random(1))
    before = outgoing.next("ulaw", None)
    outgoing.skip(50)
    after, then = outgoing.next("ulaw", None), outgoing.next("ulaw", None)
    assert (before.marker, after.marker, then.marker) == (True, True, False)
    assert (after.timestamp - before.timestamp) % 2**32 == 51 * TICK
    assert (after.sequence - before.sequence) % 2**16 == 1
