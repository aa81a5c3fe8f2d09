"""A proxy changes nothing, and sees everything."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.watch.proxied import setting
from voxpipe.simulator import Line, Script, Simulator
from voxpipe.simulator.cassettes import load_cassette
from voxpipe.watch.board import Board
from voxpipe.watch.errors import WatchError
from voxpipe.watch.proxy import Proxy
from voxpipe.watch.window import Window

KEY = "sk-proj-abcdefghijklmnop1234"


@pytest.fixture
def anyio_backend() -> str:
    """The command is an asyncio program."""
    return "asyncio"


def _files(folder: Path) -> list[Path]:
    return [*folder.iterdir()]


async def echo(line: ServerConnection) -> None:
    async for message in line:
        await line.send(message)


@pytest.mark.parametrize("message", ["grüß dich", b"\x00\xff\x01", "", "x" * 300_000])
async def test_every_message_comes_back_as_it_was(message: str | bytes) -> None:
    async with setting(echo) as one, one.client(max_size=None) as line:
        await line.send(message)
        assert await line.recv() == message
        seen = [record.message for record in one.board.since(0, 10)]
        assert seen == [message, message]


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1011, "ó"), (4711, "bye")])
async def test_a_goodbye_of_the_service_comes_with_its_code(
    code: int, reason: str
) -> None:
    async def leave(line: ServerConnection) -> None:
        await line.close(code, reason)

    async with setting(leave) as one, one.client() as line:
        with pytest.raises(ConnectionClosed) as closed:
            await line.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)
        assert one.board.since(0, 10)[-1].close == (code, reason)


@pytest.mark.parametrize("code", [3000, None])
async def test_a_goodbye_of_the_client_comes_with_its_code(code: Any) -> None:
    heard, done = list[tuple[int | None, str | None]](), anyio.Event()

    async def wait(line: ServerConnection) -> None:
        await line.wait_closed()
        heard.append((line.close_code, line.close_reason))
        done.set()

    async with setting(wait) as one:
        async with one.client() as line:
            await line.close(code, "" if code is None else "why")
        with anyio.fail_after(5):
            await done.wait()
    assert heard == [(1005, "") if code is None else (3000, "why")]


async def test_who_is_gone_without_a_word_is_gone_for_the_other() -> None:
    async def vanish(line: ServerConnection) -> None:
        line.transport.abort()

    async with setting(vanish) as one, one.client() as line:
        with pytest.raises(ConnectionClosed) as closed:
            await line.recv()
        assert closed.value.rcvd is None
        assert one.board.since(0, 10)[-1].close == (1006, "")


async def test_the_request_goes_on_with_its_headers_and_its_key() -> None:
    headers = {"Authorization": f"Bearer {KEY}", "OpenAI-Organization": "org-1"}
    async with (
        setting(echo) as one,
        one.client(
            additional_headers=headers,
            subprotocols=[Subprotocol("realtime"), Subprotocol("other")],
            user_agent_header="me/1",
        ) as line,
    ):
        assert one.far.request is not None
        assert one.far.request.path == "/v1/realtime?model=gpt-realtime"
        got = one.far.request.headers
        assert got["Authorization"] == f"Bearer {KEY}"
        assert got["OpenAI-Organization"] == "org-1"
        assert got["User-Agent"] == "me/1"
        assert got.get_all("Sec-WebSocket-Protocol") == ["realtime, other"]
        assert line.subprotocol == "realtime"
        assert line.response is not None
        assert line.response.headers["Server"] == "the service"


async def test_a_refusal_is_the_services_own() -> None:
    def refuse(line: ServerConnection, request: Request) -> Response:
        response = line.respond(401, '{"error": "no key"}')
        response.headers["x-request-id"] = "req_1"
        return response

    async with setting(echo, refuse=refuse) as one:
        with pytest.raises(InvalidStatus) as refused:
            async with one.client():
                pass
    answer = refused.value.response
    assert answer.status_code == 401
    assert answer.body == b'{"error": "no key"}'
    assert answer.headers["x-request-id"] == "req_1"


async def test_a_service_that_is_not_there_is_a_bad_gateway() -> None:
    board = Board("test")
    window = Window(board, proxy=Proxy("http://127.0.0.1:9/v1", board))
    async with window.opened():
        from websockets.asyncio.client import connect

        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{window.url('ws')}/v1/realtime"):
                pass
    assert refused.value.response.status_code == 502


async def test_a_client_that_sends_a_wrong_field_is_told_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "voxpipe")
    async with Simulator(Script(replies=[Line(say="Hello.")])) as simulator:
        board = Board("test")
        proxy = Proxy(simulator.url, board, folder=tmp_path)
        window = Window(board, proxy=proxy)
        from websockets.asyncio.client import connect

        async with window.opened():
            async with connect(
                f"{window.url('ws')}/v1/realtime?model=gpt-realtime",
                additional_headers={"Authorization": f"Bearer {KEY}"},
            ) as line:
                session = {"type": "realtime", "voice": "ash", "api_key": KEY}
                event = {"type": "session.update", "session": session}
                await line.send(json.dumps(event))
                kinds = [json.loads(await line.recv())["type"] for _ in range(2)]
            assert kinds == ["session.created", "error"]
            with anyio.fail_after(5):
                while "is in" not in caplog.text:
                    await anyio.lowlevel.checkpoint()
    (cassette,) = _files(tmp_path)
    assert "session 1: gpt-realtime, client: session.update: Unknown" in caplog.text
    assert "'session.audio.output.voice' since the beta API" in caplog.text
    assert "session 1: gpt-realtime, service: the service says" in caplog.text
    assert KEY not in caplog.text
    assert KEY not in cassette.read_text()
    assert KEY not in "".join(each.shown() for each in board.since(0, 99))
    entries = load_cassette(cassette).entries
    assert [entry.sender for entry in entries][:3] == ["server", "client", "server"]
    assert entries[-1].close == (1000, "")


async def test_a_cassette_that_cannot_be_written_ends_no_conversation(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    async with setting(echo, folder=in_the_way) as one, one.client() as line:
        await line.send("still here")
        assert await line.recv() == "still here"
    assert "cannot write the cassette" in caplog.text


@pytest.mark.parametrize(
    "to", ["api.openai.com", "ftp://x", "https://u:p@x/v1", "http://api.openai.com/v1"]
)
def test_what_is_no_address_of_a_service_is_refused(to: str) -> None:
    with pytest.raises(WatchError):
        Proxy(to, Board("test"))
