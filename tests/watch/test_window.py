"""The page's feed: for who has the link, and read only."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from voxpipe.watch.board import MAX_RECORDS, Board, Watched
from voxpipe.watch.window import Window


@pytest.fixture
def anyio_backend() -> str:
    """It is an asyncio server."""
    return "asyncio"


def _feed(window: Window) -> str:
    link, _, word = window.link.partition("#")
    return f"{link.replace('http', 'ws', 1)}watch?word={word}"


async def test_who_lacks_the_word_sees_nothing() -> None:
    window = Window(Board("test"))
    async with window.opened():
        for word in ("", "?word=", "?word=wrong", "?word=%ff"):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(f"{window.url('ws')}/watch{word}"):
                    pass
            assert refused.value.response.status_code == 403


async def test_the_page_is_served_with_headers_that_leave_it_alone() -> None:
    window = Window(Board("test"))
    async with window.opened():
        stream = await anyio.connect_tcp("127.0.0.1", window.port)
        async with stream:
            await stream.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            with anyio.fail_after(5):
                while b"</html>" not in answer:
                    answer += await stream.receive()
    assert b"content-security-policy: default-src 'none'" in answer.lower()


async def test_a_page_is_told_what_was_and_what_comes() -> None:
    board, session = Board("test"), Watched("one", model="gpt-realtime")
    board.facts["graph"] = {"kind": "graph"}
    board.note(session, 1.0, "client", '{"type":"a","api_key":"sk-1"}', wrong=["b"])
    window = Window(board)
    async with window.opened(), connect(_feed(window)) as line:
        with anyio.fail_after(5):
            (hello,) = json.loads(await line.recv())
            graph, first = json.loads(await line.recv())
            usage = {"output_token_details": {"audio_tokens": 1_000_000}}
            done = {"type": "response.done", "response": {"usage": usage}}
            board.note(session, 2.0, "server", json.dumps(done))
            (second,) = json.loads(await line.recv())
        assert hello == {"kind": "hello", "title": "test"}
        assert graph == {"kind": "graph"}
        assert first["event"] == {"type": "a", "api_key": "(removed)"}
        assert (first["from"], first["wrong"], first["at"]) == ("client", ["b"], 1.0)
        assert second["usd"] == pytest.approx(64)
        assert board.looking == 1


def test_a_board_keeps_the_newest() -> None:
    board, session = Board("test"), Watched("one")
    for number in range(MAX_RECORDS + 3):
        board.note(session, float(number), "client", "x")
    assert board.since(0, 1)[0].number == 4
    assert [each.number for each in board.since(MAX_RECORDS + 1, 9)] == [
        MAX_RECORDS + 2,
        MAX_RECORDS + 3,
    ]
    board.note(session, 0.0, "client", b"x" * 70_000_000)
    assert len(board.since(0, 9)) == 1


def test_what_cannot_be_printed_can_be_shown() -> None:
    board, session = Board("test"), Watched("one")
    board.note(session, 0.0, "client", '{"type": "x", "text": "\\ud800"}')
    shown: Any = json.loads(board.since(0, 1)[0].shown().encode())
    assert shown["event"]["type"] == "x"
