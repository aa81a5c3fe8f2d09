"""`AT_ONCE`: messages that an app takes in the step in which they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from anyio import connect_tcp, fail_after
from websockets.asyncio.client import connect

from voxpipe.transports.asgi import AT_ONCE, Receive, Scope, Send
from voxpipe.transports.serving import Server

from .apps import UPGRADE, connected, get


class Quick:
    """An app that takes at once what its judge lets it, and receives the rest."""

    def __init__(self, judge: Callable[[str | bytes], bool]) -> None:
        self.judge = judge
        self.told: list[str] = []
        self.end: int | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        take = scope["extensions"][AT_ONCE]["take"]
        await receive()
        take(self.at_once)
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.told.append(f"received {message['text']}")
            if message["text"] == "no more":
                take(None)
            await send({"type": "websocket.send", "text": "done"})
        self.end = message["code"]

    def at_once(self, message: str | bytes) -> bool:
        taken = self.judge(message)
        if taken:
            self.told.append(f"at once {message!s}")
        return taken


async def test_messages_can_be_taken_in_the_step_in_which_they_come() -> None:
    app = Quick(lambda message: str(message).startswith("quick"))
    async with connected(app) as client:
        for message in ("quick 1", "slow 2", "quick 3"):
            await client.send(message)
            if message == "slow 2":
                assert await client.recv() == "done"
        await client.send("no more")
        assert await client.recv() == "done"
        await client.send("quick 4")
        assert await client.recv() == "done"
    assert app.told == [
        "at once quick 1",
        "received slow 2",
        "at once quick 3",
        "received no more",
        "received quick 4",
    ]
    assert app.end == 1000


async def test_a_message_is_not_taken_before_one_that_waits_to_be_received() -> None:
    app = Quick(lambda message: str(message).startswith("quick"))
    frames = [masked(each) for each in (b"slow 1", b"quick 2", b"slow 3")]
    heard = b""
    with fail_after(20):
        async with (
            Server(app) as server,
            await connect_tcp("127.0.0.1", server.port) as client,
        ):
            await client.send(get("/x", *UPGRADE) + b"".join(frames))
            while heard.count(b"done") < len(frames):
                heard += await client.receive()
    assert app.told == ["received slow 1", "received quick 2", "received slow 3"]


async def test_taking_that_raises_ends_its_connection_and_no_other() -> None:
    told = list[str]()
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, news: told.append(str(news["exception"])))

    def judge(message: str | bytes) -> bool:
        if message == "bad":
            raise LookupError("a defect")
        return True

    app = Quick(judge)
    with fail_after(20):
        async with Server(app) as server:
            url = f"ws://127.0.0.1:{server.port}/x"
            async with connect(url) as one, connect(url) as other:
                await one.send("bad")
                await one.wait_closed()
                assert one.close_code == 1006
                await other.send("good")
                await other.close()
    assert app.told == ["at once good"]
    loop.set_exception_handler(handler)
    assert told == ["a defect"]


def masked(text: bytes) -> bytes:
    """A client's frame, with a mask that changes nothing."""
    return bytes((0x81, 0x80 | len(text))) + bytes(4) + text
