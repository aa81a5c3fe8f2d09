"""Raw audio over sockets: an echo at a TCP port, and one at a UDP port that takes RTP.

    python examples/raw_audio.py

waits at TCP port 5070 for mu-law, 8 kHz, and nothing around it:

    sox hello.wav -t raw -r 8000 -c 1 -e mu-law - | nc 127.0.0.1 5070 > echo.ul

and at UDP port 5072 for the same in packets of RTP:

    ffmpeg -re -i hello.wav -ar 8000 -ac 1 -c:a pcm_mulaw \\
        -f rtp "rtp://127.0.0.1:5072?localrtpport=5074"

Put a model where the echo is, and both talk to it. Any other format will do over TCP:
`StreamPhone` takes it. `pytest examples/raw_audio.py` calls both.
"""

from __future__ import annotations

import socket
from contextlib import closing

import anyio
from anyio.abc import SocketAttribute, SocketStream

from voxpipe.pipeline import AudioFormat, Pipeline
from voxpipe.transports import StreamPhone
from voxpipe.transports.rtp import RtpPacket, RtpPhone, RtpSession
from voxpipe.transports.rtp.packet import parse

ULAW = AudioFormat("ulaw", 8_000)


async def echo_stream(stream: SocketStream) -> None:
    """One call over TCP, until the other side ends it."""
    async with stream:
        phone = StreamPhone(stream, ULAW)
        await Pipeline(phone.heard >> phone.speaks).run()


async def echo_packets(session: RtpSession, peer: tuple[str, int]) -> None:
    """One call over RTP, until the session is closed.

    Who calls need not be at ``peer``: another port of that host will do.
    """
    session.connect(peer, "PCMU", telephone_event=None, direction="sendrecv")
    phone = RtpPhone(session, id="raw")
    await Pipeline(phone.heard >> phone.speaks).run()


async def main() -> None:
    """Both, for ever."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=5070)
    with closing(RtpSession("127.0.0.1", 5072)) as session:
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, echo_stream)
            await echo_packets(session, ("127.0.0.1", 5074))


# --- the same as tests

SOUND = bytes(range(1, 161)) * 25  # half a second, of no silence


async def call_over_tcp() -> bytes:
    """Send it all, and hear it all."""
    heard = b""
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, echo_stream)
        port: int = listener.extra(SocketAttribute.local_port)
        async with await anyio.connect_tcp("127.0.0.1", port) as line:
            await line.send(SOUND)
            await line.send_eof()
            heard = b"".join([piece async for piece in line])
        tasks.cancel_scope.cancel()
    return heard


async def call_over_rtp() -> bytes:
    """Send for as long as it takes to hear some of it."""
    session, heard, number = RtpSession("127.0.0.1"), b"", 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind(("127.0.0.1", 0))
        caller.setblocking(False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(echo_packets, session, caller.getsockname())
            while SOUND[:160] not in heard:
                packet = RtpPacket(0, number, number * 160, 1, SOUND[:160])
                caller.sendto(packet.pack(), ("127.0.0.1", session.port))
                number += 1
                await anyio.wait_readable(caller)  # every 20 ms
                heard += parse(caller.recv(2_000)).payload
            session.close()
    return heard


def test_over_tcp_comes_back_what_was_sent() -> None:
    """None is lost on the way."""
    assert anyio.run(call_over_tcp) == SOUND


def test_over_rtp_comes_back_what_was_sent() -> None:
    """A packet of it at least."""
    assert SOUND[:160] in anyio.run(call_over_rtp)


if __name__ == "__main__":
    anyio.run(main)
