"""The socket over ASGI, with the manners of several servers; paths and answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from anyio import BrokenResourceError, EndOfStream, current_time, sleep_forever
from starlette.websockets import WebSocketDisconnect

from voxpipe.transports.asgi import Message, Scope
from voxpipe.transports.telephony.asgi import (
    MAX_MESSAGE,
    AsgiSocket,
    header,
    refuse_upgrade,
    respond,
    split_path,
)

from ...processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)
from .asgi_driver import Response, scope_of, upgraded

virtual = pytest.mark.parametrize("backend", BACKENDS)


def socket_of(
    *messages: Message, broken: Callable[[], Exception] | None = None
) -> tuple[AsgiSocket, list[Message]]:
    """A socket that receives these, and a list of what it sends."""
    waiting, sent = list(messages), list[Message]()

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        if broken is not None:
            raise broken()
        sent.append(message)

    return AsgiSocket({}, receive, send), sent


# --- the socket


async def test_messages_come_and_go_in_order() -> None:
    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await receive()
        socket = AsgiSocket({}, receive, send)
        await socket.accept()
        with suppress(EndOfStream):
            while True:
                message = await socket.receive()
                await socket.send(f"got {message!r}")

    async with upgraded(app) as client:
        assert await client.opened()
        for message in ("one", "two"):
            await client.send(message)
        await client.send_bytes(b"three")
        answers = [await client.receive() for _ in range(3)]
    assert answers == ["got 'one'", "got 'two'", "got b'three'"]


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "websocket.receive", "text": "x", "bytes": None},  # daphne, hypercorn
        {"type": "websocket.receive", "text": "x"},  # uvicorn
        {"type": "websocket.receive", "bytes": None, "text": "x"},
    ],
)
async def test_servers_may_leave_out_what_a_message_is_not(odd: Message) -> None:
    socket, _ = socket_of(odd)
    assert await socket.receive() == "x"


async def test_an_empty_message_is_a_message() -> None:
    socket, _ = socket_of(
        {"type": "websocket.receive", "text": ""},
        {"type": "websocket.receive", "bytes": b""},
    )
    assert await socket.receive() == ""
    assert await socket.receive() == b""


async def test_after_a_disconnect_both_ways_have_ended() -> None:
    socket, sent = socket_of({"type": "websocket.disconnect", "code": 1006})
    for _ in range(2):
        with pytest.raises(EndOfStream):
            await socket.receive()
    with pytest.raises(BrokenResourceError):
        await socket.send("x")
    await socket.close()
    assert sent == []


@pytest.mark.parametrize(
    "error",
    [
        OSError("secret"),  # uvicorn's ClientDisconnected is one
        RuntimeError("Unexpected ASGI message 'websocket.send', after sending …"),
        WebSocketDisconnect(1006),  # a middleware
        Exception("hypercorn's UnexpectedMessageError"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_server_raises_the_connection_is_broken(
    error: Exception,
) -> None:
    socket, _ = socket_of(broken=lambda: error)
    with pytest.raises(BrokenResourceError) as caught:
        await socket.send("x")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__  # its text may hold the message
    with pytest.raises(BrokenResourceError):
        await socket.send("x")
    with pytest.raises(EndOfStream):
        await socket.receive()
    await socket.close()


async def test_an_upgrade_that_is_given_up_before_it_is_accepted_just_ends() -> None:
    socket, _ = socket_of(broken=lambda: OSError("gone"))
    await socket.accept()
    with pytest.raises(EndOfStream):
        await socket.receive()


async def test_it_is_closed_once_with_a_code_and_a_reason() -> None:
    socket, sent = socket_of()
    await socket.close(1013, "full")
    await socket.close(1000)
    assert sent == [{"type": "websocket.close", "code": 1013, "reason": "full"}]
    with pytest.raises(EndOfStream):
        await socket.receive()


async def test_a_close_that_a_server_does_not_like_does_no_harm() -> None:
    socket, _ = socket_of(broken=lambda: RuntimeError("closed already"))
    await socket.close()


@virtual
def test_a_close_to_somebody_who_does_not_read_takes_a_second(backend: Backend) -> None:
    async def scene() -> None:
        async def send(_: Message) -> None:
            await sleep_forever()

        async def receive() -> Message:
            raise NotImplementedError

        socket = AsgiSocket({}, receive, send)
        began = current_time()
        await socket.close()
        assert current_time() - began == 1.0

    run_virtually(backend, scene)


@pytest.mark.parametrize("key", ["text", "bytes"])
async def test_a_message_that_is_too_long_ends_the_connection(key: str) -> None:
    text = "x" * MAX_MESSAGE
    long: Any = text if key == "text" else text.encode()
    socket, sent = socket_of(
        {"type": "websocket.receive", key: long},
        {"type": "websocket.receive", key: long + long[:1]},
    )
    assert await socket.receive() == long
    with pytest.raises(EndOfStream):
        await socket.receive()
    assert [each.get("code") for each in sent] == [1009]


# --- requests


@pytest.mark.parametrize(
    ("root", "path", "expected"),
    [
        ("", "/twilio", ("", "/twilio")),
        ("/phone", "/phone/twilio", ("/phone", "/twilio")),
        ("/phone/", "/phone/twilio", ("/phone", "/twilio")),
        ("/phone", "/twilio", ("/phone", "/twilio")),  # taken off already
        ("/phone", "/phonebook", ("/phone", "/phonebook")),
        ("/phone", "/phone", ("/phone", "")),
        ("/twilio", "/twilio/twilio", ("/twilio", "/twilio")),
    ],
)
def test_a_path_is_told_from_where_the_app_is_mounted(
    root: str, path: str, expected: tuple[str, str]
) -> None:
    assert split_path({"root_path": root, "path": path}) == expected


def test_a_header_that_comes_twice_is_none() -> None:
    scope = scope_of("http", "/", [("X-One", "1"), ("X-Two", "a"), ("x-two", "b")])
    assert header(scope, b"x-one") == "1"
    assert header(scope, b"x-two") is None
    assert header(scope, b"x-three") is None


async def test_an_answer_says_how_long_it_is_and_is_not_kept() -> None:
    response = Response()

    async def send(message: Message) -> None:
        response.take(message)

    await respond(send, 503, "später", headers={"retry-after": "5"})
    assert (response.status, response.text) == (503, "später")
    assert response.headers["content-length"] == "7"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize(("denials", "status"), [(True, 503), (False, 403)])
async def test_an_upgrade_is_refused_as_well_as_the_server_can(
    denials: bool, status: int
) -> None:
    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await refuse_upgrade(scope, send, 503, "full")

    async with upgraded(app, denials=denials) as client:
        assert not await client.opened()
    assert client.response.status == status
    assert client.response.text == ("full" if denials else "")
