"""Broken messages by the ten thousand: none raises, nothing piles up, calls go on."""

from __future__ import annotations

import gc
from random import Random

import pytest

from voxpipe.transports.sip.protocol.leg import Incoming
from voxpipe.transports.sip.protocol.messages import Peer
from voxpipe.transports.sip.protocol.transactions import (
    GIVE_UP,
    MAX_TRANSACTIONS,
)
from voxpipe.transports.sip.protocol.trunk import Trunk

from .network import ALICE, BOB, Network, Phone

STRANGER = Peer("127.0.0.9", 5060)
SPICES = [
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\x00",
        b"\xff\xfe",
        b";self=1",
        b'"',
        b"<",
        b">",
        b",",
        b";",
    ),
    *(b"Content-Length: 99999\r\n", b"CSeq: 99999999999 BYE\r\n", b"Via: x\r\n"),
    *(b"Require: 100rel\r\n", b"Session-Expires: 90\r\n", b"Contact: *\r\n"),
    *(b"0.0.0.0", b"[::1]", b"sip:", b"tel:+1", b"tag=", b"branch=", b"Digest a="),
    b"Authorization: Digest " + b'a="",' * 40 + b"!\r\n",
]


def _recorded() -> list[bytes]:
    """What two phones say in a call, with a hold and an end, and to a registrar."""
    messages: list[bytes] = []

    def keep(data: bytes, _: int) -> list[float]:
        messages.append(data)
        return [0.01]

    network = Network(keep)
    trunk = Trunk("127.0.0.2", username="alice", password="x")
    alice, bob = network.phone(ALICE, trunk=(trunk, BOB)), network.phone(BOB)
    alice.call(BOB)
    network.run(3)
    for method in ("UPDATE", "OPTIONS", "INFO"):
        leg = bob.legs[0]
        request = leg.request(method)
        bob.agent.send(request, ALICE, network.now, lambda answer, now: None)
    network.run(1)
    alice.legs[0].hang_up(network.now)
    placed = alice.call(BOB, user="carol")
    placed.cancel(network.now)
    network.run(3)
    return messages


def _broken(random: Random, known: list[bytes]) -> bytes:
    data = bytearray(random.choice(known))
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        at, size = random.randrange(len(data) + 1), random.randrange(1, 40)
        match random.randrange(6):
            case 0:
                del data[at : at + size]
            case 1:
                data[at:at] = random.choice(SPICES)
            case 2:
                data[at : at + size] = random.randbytes(size)
            case 3:
                other = random.choice(known)
                data[at:] = other[random.randrange(len(other)) :]
            case 4:
                data[at:at] = data[at : at + size] * random.randrange(1, 50)
            case _:
                lines = data.split(b"\r\n")
                lines.insert(random.randrange(len(lines)), random.choice(lines))
                data = bytearray(b"\r\n".join(lines))
    return bytes(data)


@pytest.mark.parametrize(
    "count", [2_000, pytest.param(100_000, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("guarded", [False, True])
def test_broken_messages_harm_nobody(count: int, guarded: bool) -> None:
    random, known = Random(13), _recorded()
    network = Network()
    bob = network.phone(BOB, users={"alice": "x"} if guarded else None, answers=True)
    sizes: list[int] = []
    for number in range(count):
        network.now += 0.01
        bob.agent.receive(_broken(random, known), STRANGER, network.now)
        bob.agent.fire(network.now)
        _settle(bob)
        if number == count // 2 or number == count - 1:
            gc.collect()
            sizes.append(len(gc.get_objects()))
    assert sizes[1] - sizes[0] < 400 * GIVE_UP  # of what is kept half a minute
    assert bob.reports
    network.run(1_000)
    alice = network.phone(ALICE)
    bob.agent.take_events()
    if not guarded:
        alice.call(BOB)
        network.run(5)
        assert any(isinstance(each, Incoming) for each in bob.events)
        assert not alice.failures


def _settle(phone: Phone) -> None:
    for event in phone.agent.take_events():
        if isinstance(event, Incoming):
            event.leg.answer(4_000, phone.network.now)
            event.leg.hang_up(phone.network.now)
    phone.agent.take_events()
    phone.agent.take_outbox()


@pytest.mark.slow
def test_a_flood_of_calls_is_bounded_and_of_strangers_nothing_is_kept() -> None:
    network = Network()
    bob = network.phone(BOB, answers=False)
    guarded_at = Peer("127.0.0.4", 5060)
    guarded = network.phone(guarded_at, users={"alice": "x"})
    for number in range(MAX_TRANSACTIONS + 100):
        text = (
            "OPTIONS sip:bob@127.0.0.2 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bK{number}\r\n"
            "From: <sip:x@127.0.0.9>;tag=x\r\nTo: <sip:bob@127.0.0.2>\r\n"
            f"Call-ID: {number}\r\nCSeq: 1 OPTIONS\r\n\r\n"
        )
        for phone in (bob, guarded):
            phone.agent.receive(text.encode(), STRANGER, network.now)
            phone.agent.take_outbox()
    assert guarded.agent.is_idle
    assert any("too many" in each for each in bob.reports)
    network.run(2 * GIVE_UP)
    assert bob.agent.is_idle
