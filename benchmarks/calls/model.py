"""A lean stand-in for the service, the same for all contenders.

It speaks as much of the Realtime protocol as the contenders need, over raw sockets, so
that it can serve more calls on its core than any of them on theirs. It hears by
loudness: speech starts with the first loud sample and stops 500 ms after the last one
(counted in audio, as the service does), or when the client commits. After 200 ms of
thinking it replies with real speech, in deltas of 250 ms at five times the speed of
playing, each with a word of transcript before it. It allows everything.

    python -m benchmarks.calls.model --port 8081

The last line, when it is told to stop, says how late its own timers were.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from typing import Any

from .delays import Delays
from .frames import (
    CLOSE,
    NORMAL,
    PING,
    PONG,
    TEXT,
    Cutter,
    from_server,
    upgrade_response,
)
from .on import run
from .session import Session


class Server(asyncio.Protocol):
    """One connection: a handshake, then a `Session`."""

    def __init__(self, delays: Delays) -> None:
        self._delays = delays
        self._cutter = Cutter()
        self._head = b""
        self._session: Session | None = None
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._session is not None:
            self._session.end()

    def data_received(self, data: bytes) -> None:
        if self._session is None:
            self._head += data
            request, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._transport.write(upgrade_response(request))
            loop = asyncio.get_running_loop()
            self._session = Session(self._send, loop, self._delays)
            if not data:
                return
        for opcode, payload in self._cutter.feed(data):
            if opcode == TEXT:
                self._session.receive(payload)
            elif opcode == PING:
                self._transport.write(from_server(payload, PONG))
            elif opcode == CLOSE:
                self._transport.write(from_server(NORMAL, CLOSE))
                self._transport.close()

    def _send(self, message: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(from_server(message))


async def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    delays = Delays()
    server = await loop.create_server(
        lambda: Server(delays), host, port, backlog=1024, reuse_address=True
    )
    print(json.dumps({"ready": True}), flush=True)
    await stop.wait()
    server.close()
    print(json.dumps({"late_ms": delays.summary()}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls.model")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    arguments = parser.parse_args()
    run(serve(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
