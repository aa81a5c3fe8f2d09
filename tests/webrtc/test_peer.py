"""Two peers on loopback: the library as we keep it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from anyio import Event, fail_after

from voxpipe.pipeline.testing import no_leaks
from voxpipe.webrtc import Ice, OfferError, open_peer
from voxpipe.webrtc.peer import (
    WAITING,
    Peer,
    _ToDecode,  # pyright: ignore[reportPrivateUsage]
)

LOOPBACK = Ice(addresses=["127.0.0.1"])


@pytest.fixture
def anyio_backend() -> str:
    """The library's."""
    return "asyncio"


class End:
    """Who is behind a peer: it keeps what comes, and is as silent as it is told."""

    def __init__(self, sound: Callable[[], bytes] = bytes) -> None:
        self._sound = sound
        self.asked = 0  # packets
        self.on_their_way: list[int] = []  # of the other's, with each that is heard
        self.other: End | None = None
        self.before: list[int] = []
        self.messages: list[str | bytes] = []
        self.connected, self.gone, self.enough = Event(), Event(), Event()
        self.room = Event()

    def sound(self) -> bytes:
        self.asked += 1
        return self._sound()

    def heard(self, pcm: bytes, before: int) -> None:
        self.before.append(before)
        if self.other is not None:
            self.on_their_way.append(self.other.asked - len(self.before))
        if len(self.before) == 20:
            self.enough.set()

    def opened(self) -> None:
        self.connected.set()

    def said(self, message: str | bytes) -> None:
        self.messages.append(message)

    def drained(self) -> None:
        self.room.set()

    def over(self) -> None:
        self.gone.set()


@asynccontextmanager
async def two(a: End, b: End) -> AsyncGenerator[tuple[Peer, Peer]]:
    with fail_after(60):
        async with (
            no_leaks(),
            open_peer(a, rate=24_000, ice=LOOPBACK) as one,
            open_peer(b, rate=24_000, ice=LOOPBACK) as other,
        ):
            await one.accept(await other.answer(await one.offer("voxpipe")))
            await a.connected.wait()
            await b.connected.wait()
            yield one, other


async def test_sound_comes_in_order_with_its_place_also_silence() -> None:
    a, b = End(), End()
    async with two(a, b):
        await a.enough.wait()
        await b.enough.wait()
    assert b.before[0] == 0
    steps = {after - one for one, after in zip(b.before, b.before[1:], strict=False)}
    assert steps == {480}  # samples: 20 ms


async def test_sound_is_heard_as_it_comes() -> None:
    a, b = End(), End()
    b.other = a
    async with two(a, b):
        await b.enough.wait()
    # The library's jitter buffer would keep four of them.
    assert min(b.on_their_way) <= 1


async def test_messages_of_both_kinds_arrive_whole_and_in_order() -> None:
    a, b = End(), End()
    async with two(a, b) as (one, other):
        sent: list[str | bytes] = [
            "",
            "x" * 60_000,
            b"\0" * 60_000,
            json.dumps({"type": "ended"}),
        ]
        for each in sent:
            assert one.send(each)
        assert other.send("back")
        with fail_after(60):
            await a.enough.wait()
            while len(b.messages) < len(sent):
                await b.enough.wait()
                b.enough = Event()
                b.before.clear()
    assert b.messages == sent
    assert a.messages == ["back"]


async def test_whoever_stays_is_told_that_the_other_has_gone() -> None:
    a, b = End(), End()
    async with two(a, b) as (one, other):
        await one.close()
        await b.gone.wait()
        assert not a.gone.is_set()  # it knows
        assert not one.send("nobody")
        await one.close()  # once more does no harm
        del other


async def test_only_the_addresses_that_were_asked_for_are_offered() -> None:
    with fail_after(60):
        async with no_leaks(), open_peer(End(), rate=24_000, ice=LOOPBACK) as peer:
            offer = await peer.offer("voxpipe")
    candidates = [x for x in offer.splitlines() if x.startswith("a=candidate:")]
    assert {each.split()[4] for each in candidates} == {"127.0.0.1"}


async def test_loopback_is_offered_beside_the_machines_own_addresses() -> None:
    with fail_after(60):
        async with no_leaks(), open_peer(End(), rate=24_000) as peer:
            offer = await peer.offer("voxpipe")
    assert " 127.0.0.1 " in offer
    assert "srflx" not in offer  # nobody outside was asked


@pytest.mark.parametrize("cut", ["ice-pwd", "fingerprint", "rtpmap", "rtcp-mux"])
async def test_an_offer_that_lacks_something_is_an_error_of_ours(cut: str) -> None:
    with fail_after(60):
        async with (
            no_leaks(),
            open_peer(End(), rate=24_000, ice=LOOPBACK) as one,
            open_peer(End(), rate=24_000, ice=LOOPBACK) as other,
        ):
            lines = (await one.offer("voxpipe")).splitlines(keepends=True)
            broken = "".join(each for each in lines if f"a={cut}" not in each)
            with pytest.raises(OfferError) as caught:
                await other.answer(broken)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_what_waits_to_be_decoded_has_a_bound_on_both_sides() -> None:
    async with two(End(), End()) as peers:
        for peer in peers:
            pc: Any = vars(peer)["_pc"]
            (transceiver,) = pc.getTransceivers()
            receiver: object = transceiver.receiver
            waiting: object = vars(receiver)["_RTCRtpReceiver__decoder_queue"]
            assert isinstance(waiting, _ToDecode)


def test_packets_beyond_it_are_dropped_and_the_end_is_not() -> None:
    waiting = _ToDecode()
    for number in range(WAITING + 10):
        waiting.put(number)
    waiting.put(None)
    came = [waiting.get() for _ in range(waiting.qsize())]
    assert came == [*range(WAITING), None]
