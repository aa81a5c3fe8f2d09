"""One of those that `servers` compares: ``python -m benchmarks.server NAME LOOP``.

It prints its port, and serves on core 0 until it is killed. What it does with messages
is the same for all: parse each as JSON, answer each tenth with 2 kB.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal

import anyio

CORE = 0
EVERY = 10  # messages to an answer: a delta of 200 ms
ANSWER = json.dumps({"event": "media", "media": {"payload": "f" * 1_920}})


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI app."""
    await receive()
    await send({"type": "websocket.accept"})
    count = 0
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        json.loads(message["text"])
        count += 1
        if count % EVERY == 0:
            await send({"type": "websocket.send", "text": ANSWER})


async def by_voxpipe() -> None:
    from voxpipe.transports.serving import Server

    async with Server(app) as server:
        print(server.port, flush=True)
        await anyio.sleep_forever()


async def by_websockets() -> None:
    """As a bridge by hand has it; it has no ASGI to pay for."""
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed

    async def answer(connection: ServerConnection) -> None:
        count = 0
        try:
            async for message in connection:
                json.loads(message)
                count += 1
                if count % EVERY == 0:
                    await connection.send(ANSWER)
        except ConnectionClosed:
            return

    listener = listening()
    async with serve(answer, sock=listener, compression=None, ping_interval=None):
        await anyio.sleep_forever()


async def by_picows() -> None:
    """What a server costs at least."""
    import picows
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest

    library: Any = picows  # its types are partly unknown

    class Answering(WSListener):
        count = 0

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            json.loads(frame.get_payload_as_utf8_text())
            self.count += 1
            if self.count % EVERY == 0:
                transport.send(WSMsgType.TEXT, ANSWER.encode())

    def answering(_: WSUpgradeRequest) -> Answering:
        return Answering()

    await library.ws_create_server(answering, sock=listening())
    await anyio.sleep_forever()


async def by_uvicorn(ws: Literal["websockets-sansio", "wsproto"]) -> None:
    from uvicorn import Config, Server

    config = Config(
        app,
        ws=ws,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
    )
    await Server(config).serve([listening()])


async def by_hypercorn() -> None:
    import hypercorn.asyncio
    from hypercorn.config import Config

    library: Any = hypercorn.asyncio  # its types are partly unknown

    config = Config()
    config.bind = [f"fd://{listening().detach()}"]
    config.errorlog = None
    await library.serve(app, config, shutdown_trigger=anyio.sleep_forever)


def listening() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    print(listener.getsockname()[1], flush=True)
    return listener


SERVERS: dict[str, Callable[[], Awaitable[None]]] = {
    "voxpipe": by_voxpipe,
    "websockets": by_websockets,
    "picows": by_picows,
    "uvicorn": partial(by_uvicorn, "websockets-sansio"),
    "uvicorn-wsproto": partial(by_uvicorn, "wsproto"),
    "hypercorn": by_hypercorn,
}


if __name__ == "__main__":
    _, name, loop = sys.argv
    os.sched_setaffinity(0, {CORE})
    anyio.run(SERVERS[name], backend_options={"use_uvloop": loop == "uvloop"})
