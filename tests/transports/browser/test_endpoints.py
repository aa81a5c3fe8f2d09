"""The page's endpoints over real sockets: who may come, who not, and how they part."""

from __future__ import annotations

import logging
import struct
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import pytest
from anyio import fail_after
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.exceptions import InvalidStatus

from voxpipe.pipeline import AudioFrame, ConfigurationError, Pipeline
from voxpipe.pipeline.testing import Source
from voxpipe.transports.asgi import AsgiApp
from voxpipe.transports.browser import BrowserEndpoints, Tokens
from voxpipe.transports.browser.endpoints import SPARE
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import App, Call, Switchboard
from voxpipe.transports.telephony.apology import SORRY, fitted, read_clip

from ...sockets import sockets
from .client import Client, client
from .page import FORMAT

__all__ = ["sockets"]  # a fixture: each test on both libraries

SECRET = "0123456789abcdef"
TONE = struct.pack("<h", 1_234) * 2_400

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"])  # our server's


async def parrot(call: Call) -> None:
    """Says what it hears."""
    await Pipeline(call.heard >> call.speaks).run()


async def greeter(call: Call) -> None:
    """Says something, and hangs up."""
    frame = AudioFrame(data=TONE, format=FORMAT)
    await Pipeline(Source([frame]).output >> call.speaks).run()


@asynccontextmanager
async def served(
    app: App = parrot, *, limit: int = 4, at: str = "", **options: Any
) -> AsyncGenerator[tuple[str, Switchboard]]:
    """A server with the endpoints; its URL, and what takes the calls."""
    board = Switchboard(app, limit=limit)
    inner: AsgiApp = BrowserEndpoints(board, **options)
    if at:
        inner = Starlette(routes=[Mount(at, inner)])
    with fail_after(60):
        async with Server(inner) as server:
            yield server.url, board
            await board.drain(0)


async def status_of(url: str, **options: Any) -> tuple[int, str]:
    """With which an upgrade is refused, and the words."""
    with pytest.raises(InvalidStatus) as caught:
        async with client(url, **options):
            pass
    response = caught.value.response
    return response.status_code, bytes(response.body or b"").decode()


async def say(page: Client, at: int = 0) -> None:
    await page.connection.send(struct.pack("<I", at) + TONE)


# --- a call


async def test_a_page_says_hello_and_talks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "voxpipe.calls")
    async with served() as (url, _), client(url, origin=url) as page:
        assert page.connection.subprotocol == "voxpipe.1"
        ready = await page.next("ready")
        assert (ready["rate"], ready["resumed"]) == (24_000, False)
        await say(page)
        while TONE not in page.audio:
            message = await page.connection.recv()
            if isinstance(message, bytes):
                page.audio += message[8:]
        await page.send("bye")
        assert (await page.next("ended"))["by"] == "caller"
        assert await page.closed() == 1000
    (line,) = [each.getMessage() for each in caplog.records if "end=" in each.message]
    assert f"call={ready['call'][-8:]} end=caller" in line
    assert ready["seat"] not in caplog.text


async def test_the_agent_hangs_up() -> None:
    async with served(greeter) as (url, _), client(url) as page:
        assert (await page.next("ended"))["by"] == "agent"
        assert page.audio == TONE
        assert await page.closed() == 1000


async def test_an_app_that_fails_is_told_as_such_and_without_the_reason() -> None:
    async def broken(call: Call) -> None:
        raise RuntimeError("a secret")

    async with served(broken) as (url, _), client(url) as page:
        ready = await page.next("ready")
        assert ready["rate"] == 24_000
        told = await page.next("ended")
        assert told == {"type": "ended", "by": "failed"}
        sorry = fitted(read_clip(SORRY), FORMAT)
        assert page.audio == sorry.data  # it is heard, too


async def test_who_the_app_knows_is_told_to_it() -> None:
    known: list[tuple[str, Any]] = []

    async def app(call: Call) -> None:
        known.append((call.caller, dict(call.parameters)))
        await parrot(call)

    tokens = Tokens(SECRET)
    async with served(app, check=tokens.check) as (url, _):
        token = tokens.mint(caller="Ada", plan="pro")
        async with client(url, hello={"token": token}) as page:
            await page.next("ready")
            await page.send("bye")
            await page.next("ended")
    assert known == [("Ada", {"caller": "Ada", "plan": "pro"})]


async def test_a_rate_of_8000_is_agreed_upon() -> None:
    async with served(rate=8_000) as (url, _), client(url) as page:
        assert (await page.next("ready"))["rate"] == 8_000


# --- who may come


async def test_a_page_of_another_origin_is_refused_unless_it_is_allowed() -> None:
    async with served(origins=["https://example.com"]) as (url, _):
        for origin in (
            "https://evil.example",
            "null",
            f"{url}.evil.example",
            "http://",
        ):
            status, why = await status_of(url, origin=origin)
            assert status == 403
            assert "origins=" in why
        for origin in ("https://example.com", url):
            async with client(url, origin=origin) as page:
                await page.next("ready")


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-For": "203.0.113.7"}, {"Forwarded": "for=203.0.113.7"}],
)
async def test_what_a_tunnel_passes_on_is_refused_where_nobody_is_checked(
    headers: dict[str, str],
) -> None:
    async with served() as (url, _):
        status, why = await status_of(url, headers=headers)
        assert status == 403
        assert "have tokens checked" in why
        assert "voxpipe serve: --insecure" in why
        async with httpx2.AsyncClient() as http:
            assert (await http.get(url, headers=headers)).status_code == 403
    async with served(insecure=True) as (url, _), client(url, headers=headers) as page:
        await page.next("ready")


async def test_a_name_that_points_here_is_refused_where_nobody_is_checked() -> None:
    async with served() as (url, _), httpx2.AsyncClient() as http:
        answer = await http.get(url, headers={"Host": "evil.example"})
        assert answer.status_code == 403


async def test_with_a_check_only_who_brings_a_token_comes_from_wherever() -> None:
    tokens = Tokens(SECRET)
    tunnel = {"X-Forwarded-For": "203.0.113.7"}
    async with served(check=tokens.check) as (url, board):
        token = tokens.mint()
        for hello in ({}, {"token": "guessed"}, {"token": token}, {"token": token}):
            async with client(url, headers=tunnel, hello={"page": 1, **hello}) as page:
                if hello.get("token") == token and not board.calls:
                    await page.next("ready")
                    await page.send("bye")
                    await page.next("ended")
                    token = "used"
                else:
                    refused = await page.next("refused")
                    assert refused["why"] == "token"
                    assert await page.closed() == 1008


async def test_who_is_one_too_many_is_told_to_come_again_and_keeps_the_token() -> None:
    tokens = Tokens(SECRET)
    async with served(limit=1, check=tokens.check) as (url, _):
        token = tokens.mint()
        async with client(url, hello={"token": tokens.mint()}) as first:
            await first.next("ready")
            async with client(url, hello={"token": token}) as second:
                refused = await second.next("refused")
                assert (refused["why"], refused["retry_after"]) == ("full", 5)
                assert await second.closed() == 1013
            await first.send("bye")
            await first.next("ended")
            await first.closed()
        async with client(url, hello={"token": token}) as second:
            await second.next("ready")


async def test_connections_that_say_nothing_keep_no_page_out() -> None:
    async with served(limit=1) as (url, _), AsyncExitStack() as strangers:
        silent = [
            await strangers.enter_async_context(client(url, hello={}))
            for _ in range(1 + SPARE + 3)
        ]
        async with client(url) as page:
            await page.next("ready")
        # Those have gone who were there first; the others may yet say who they are.
        assert [await each.closed() for each in silent[:4]] == [1002] * 4


async def test_a_server_that_drains_takes_nobody() -> None:
    async with served() as (url, board):
        await board.drain(0)
        async with client(url) as page:
            assert (await page.next("refused"))["why"] == "draining"


async def test_a_call_that_is_cut_by_a_drain_is_told_so() -> None:
    async with served() as (url, board), client(url) as page:
        await page.next("ready")
        await board.drain(0)
        assert (await page.next("ended"))["by"] == "drained"


@pytest.mark.parametrize("first", ['{"type": "text", "text": "hi"}', b"\x00" * 8, "x"])
async def test_who_does_not_say_hello_is_refused(first: str | bytes) -> None:
    async with served() as (url, board), client(url, hello={}) as page:
        await page.connection.send(first)
        assert (await page.next("refused"))["why"] == "hello"
        assert await page.closed() == 1002
        assert not board.calls


async def test_another_sub_protocol_or_path_is_refused() -> None:
    async with served() as (url, _):
        assert (await status_of(url, protocol=None))[0] == 400
        assert (await status_of(url, protocol="voxpipe.2"))[0] == 400
        assert (await status_of(url, path="/elsewhere"))[0] == 404


# --- seats


async def test_a_lost_connection_is_taken_up_again_by_its_seat() -> None:
    begun: list[str] = []

    async def app(call: Call) -> None:
        begun.append(call.id)
        await parrot(call)

    async with served(app) as (url, board):
        async with client(url) as page:
            ready = await page.next("ready")
            page.connection.transport.abort()
        async with client(url, hello={"seat": ready["seat"]}) as page:
            again = await page.next("ready")
            assert again == ready | {"resumed": True}
            assert await page.next("clear")
            assert board.calls == 1
            await say(page)
            while not page.audio:
                message = await page.connection.recv()
                if isinstance(message, bytes):
                    page.audio += message[8:]
            await page.send("bye")
            assert (await page.next("ended"))["by"] == "caller"
    assert begun == [ready["call"]]


async def test_a_newer_connection_takes_the_seat_of_an_older() -> None:
    async with served() as (url, board), client(url) as old:
        ready = await old.next("ready")
        async with client(url, hello={"seat": ready["seat"]}) as new:
            await new.next("ready")
            assert await old.closed() == 1001
            assert board.calls == 1
            await new.send("bye")
            await new.next("ended")


async def test_a_seat_that_is_wrong_or_gone_is_refused() -> None:
    async with served() as (url, _):
        async with client(url) as page:
            seat = (await page.next("ready"))["seat"]
            await page.send("bye")
            await page.next("ended")
            await page.closed()
        for wrong in (seat, seat[:-1] + "_", "guessed"):
            async with client(url, hello={"seat": wrong}) as page:
                assert (await page.next("refused"))["why"] == "seat"
                assert await page.closed() == 1008


# --- the page


async def test_the_page_and_its_files_come_with_headers_that_let_nothing_in() -> None:
    async with served() as (url, _), httpx2.AsyncClient() as http:
        page = await http.get(url)
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        script = await http.get(f"{url}/voxpipe.js")
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        head = await http.head(f"{url}/voxpipe.js")
        assert head.headers["content-length"] == str(len(script.content))
        assert head.content == b""
        for path in ("/nothing.js", "/../call.py", "/page/index.html", "/call.py"):
            assert (await http.get(url + path)).status_code == 404
        assert (await http.get(f"{url}/browser")).status_code == 426
        assert (await http.post(url)).status_code == 405


async def test_an_app_with_a_page_of_its_own_has_the_module_alone() -> None:
    async with served(page=False) as (url, _), httpx2.AsyncClient() as http:
        assert (await http.get(url)).status_code == 404
        assert (await http.get(f"{url}/voxpipe.js")).status_code == 200


async def test_it_can_be_mounted_anywhere() -> None:
    async with served(at="/talk") as (url, _), httpx2.AsyncClient() as http:
        assert (await http.get(f"{url}/talk/")).status_code == 200
        bare = await http.get(f"{url}/talk", follow_redirects=True)
        assert bare.url.path == "/talk/"
        async with client(url, path="/talk/browser", origin=url) as page:
            await page.next("ready")


async def test_what_cannot_be_is_refused_before_it_serves() -> None:
    board = Switchboard(parrot)
    with pytest.raises(ConfigurationError, match="expected a rate of"):
        BrowserEndpoints(board, rate=48_000)
    for origin in ("example.com", "https://example.com/", "https://"):
        with pytest.raises(ConfigurationError, match="expected an origin such as"):
            BrowserEndpoints(board, origins=[origin])
