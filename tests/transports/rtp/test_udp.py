"""Over sockets, on both event loops: what the network of the other tests stands for."""

from __future__ import annotations

import socket

import anyio
import pytest
from anyio import create_task_group

from voxpipe.pipeline import Pipeline, TransportError
from voxpipe.pipeline.testing import Probe, no_leaks
from voxpipe.transports.rtp import RtpPhone, RtpSession
from voxpipe.transports.rtp.wire import udp_pair

from .calls import Says
from .network import speech

SAID = speech()[16_000:24_000]


async def _converse(host: str) -> bytes:
    here, there = RtpSession(host), RtpSession(host)
    here.connect((host, there.port), "PCMU", 101, "sendrecv")
    there.connect((host, here.port), "PCMU", 101, "sendrecv")
    listens = RtpPhone(here, id="1")
    speaks = RtpPhone(there, id="2")
    heard, pressed = Probe(), Probe()
    speaks.press("7")

    async def listen() -> None:
        routes = listens.heard >> heard.input, listens.pressed >> pressed.input
        await Pipeline(*routes).run()

    async with create_task_group() as tasks:
        tasks.start_soon(listen)
        await Pipeline(Says(SAID).output >> speaks.speaks).run()
        here.close()
        there.close()
    assert [each.digit for each in pressed.frames] == ["7"]
    assert (listens.ended, speaks.ended) == ("caller", "agent")
    return heard.data


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_speech_and_keys_go_through_a_pair_of_sockets(host: str) -> None:
    async with no_leaks():
        heard = await _converse(host)
    pieces = [SAID[at : at + 160] for at in range(0, len(SAID), 160)]
    assert sum(piece in heard for piece in pieces) > len(pieces) / 2  # however busy


def test_ports_are_an_even_one_and_the_next_and_are_given_back() -> None:
    session = RtpSession("127.0.0.1")
    assert session.port % 2 == 0
    with pytest.raises(TransportError, match=f"{session.port} cannot be had"):
        RtpSession("127.0.0.1", session.port)
    with pytest.raises(TransportError, match="it is odd"):
        RtpSession("127.0.0.1", session.port + 1)
    session.close()
    again = RtpSession("127.0.0.1", session.port)
    again.close()


def test_a_pair_of_which_one_is_taken_is_not_had_by_half() -> None:
    media, control = udp_pair("127.0.0.1", 0)
    media.close()
    with pytest.raises(TransportError):
        udp_pair("127.0.0.1", media.address[1])
    control.close()
    for wire in udp_pair("127.0.0.1", media.address[1]):
        wire.close()


async def test_a_session_that_is_not_connected_does_not_run() -> None:
    session = RtpSession("127.0.0.1")
    with pytest.raises(TransportError, match="connect"):
        await session.run(lambda _: None, lambda _: None, lambda _: None)
    session.close()


async def test_what_cannot_be_sent_is_reported_and_the_call_goes_on() -> None:
    session = RtpSession("127.0.0.1")
    # No way leads from loopback to there.
    session.connect(("192.0.2.1", 4_000), "PCMU", None, "sendrecv")
    told = anyio.Event()
    ticks = 0

    def count(_: bytes) -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 3:
            session.close()

    def tell(fault: str) -> None:
        assert "could not be sent" in fault
        told.set()

    async with no_leaks():
        await session.run(count, lambda _: None, tell)
    assert told.is_set()
    assert ticks == 3


async def test_a_closed_session_answers_nobody() -> None:
    session = RtpSession("127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.setblocking(False)
        session.connect(peer.getsockname(), "PCMU", None, "sendrecv")
        sent = 0

        def count(_: bytes) -> None:
            nonlocal sent
            sent += 1
            if sent == 5:
                session.close()

        await session.run(count, lambda _: None, lambda _: None)
        assert [len(peer.recv(2_000)) for _ in range(5)] == [172] * 5
        with pytest.raises(BlockingIOError):
            peer.recv(2_000)


async def test_a_machine_on_which_nobody_is_there_is_heard_of_once() -> None:
    (media, control), gone = udp_pair("127.0.0.1", 0), udp_pair("127.0.0.1", 0)
    for wire in gone:
        wire.close()
    for count in range(1, 4):
        media.send(b"hello?", gone[0].address)
        await media.wait()
        assert media.receive() is None
        assert media.refusals == count
    media.send(b"hello!", control.address)  # and nothing is left to be told of
    await control.wait()
    assert (came := control.receive()) is not None
    assert came.data == b"hello!"
    media.send(b"hello!", media.address)
    await media.wait()
    assert media.receive() is not None
    assert media.refusals == 3
    media.close()
    control.close()


async def test_what_has_lain_here_says_how_long() -> None:
    media, control = udp_pair("127.0.0.1", 0)
    control.send(b"hello", media.address)
    began = anyio.current_time()
    while anyio.current_time() < began + 0.05:
        pass  # as a loop that is busy with something else
    came = media.receive()
    assert came is not None
    assert 0.05 <= came.waited < 2
    media.close()
    control.close()
