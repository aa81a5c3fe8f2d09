"""The page of `voxpipe serve`: where it is, where it is not, and why."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from voxpipe.console.access import Access, access
from voxpipe.console.front import Front, front, page_for
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.asgi import respond
from voxpipe.webrtc import opening


async def nothing(call: Call) -> None:
    """Answers nobody."""


def nowhere(module: str) -> None:
    """What is not installed is found there."""


async def phones(scope: Scope, receive: Receive, send: Send) -> None:
    """What is behind it for all others."""
    await respond(send, 200, "phones")


def gate(host: str = "127.0.0.1", *, insecure: bool = False) -> Access:
    return access(host, public_url=None, environment={}, insecure=insecure)


def test_it_is_served_to_this_machine_only_or_to_all_by_order() -> None:
    board = Switchboard(nothing)
    for host in ("127.0.0.1", "localhost", "::1"):
        page, why = page_for(board, gate(host))
        assert page is not None
        assert why == "open to this machine only"
    page, why = page_for(board, gate("0.0.0.0", insecure=True))
    assert page is not None
    assert "ANYBODY" in why


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # our server's
async def test_who_asks_for_what_is_not_there_is_told_of_the_page() -> None:
    board = Switchboard(nothing)
    async with (
        front(board, gate()) as app,
        Server(app) as server,
        httpx2.AsyncClient() as http,
    ):
        answer = await http.get(f"{server.url}/talk")
    assert answer.status_code == 404
    assert answer.text.startswith("expected one of /, /twilio/answer, ")


def test_elsewhere_it_is_not_and_the_cure_is_told() -> None:
    with_key = {"TWILIO_AUTH_TOKEN": "0123456789abcdef"}
    url = "https://calls.example.com"
    open_to_carriers = access(
        "0.0.0.0", public_url=url, environment=with_key, insecure=False
    )
    page, why = page_for(Switchboard(nothing), open_to_carriers)
    assert page is None
    assert why.startswith("off: --host 0.0.0.0 can be reached by others")
    for cure in ("127.0.0.1", "--insecure", "check=...", "docs/browser.md"):
        assert cure in why
    assert max(map(len, why.split("\n"))) < 88


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # our server's
async def test_everything_else_is_for_the_telephones() -> None:
    page, _ = page_for(Switchboard(nothing), gate())
    found: dict[str, Any] = {}
    async with Server(Front(page, phones, "")) as server, httpx2.AsyncClient() as http:
        for path in ("/", "/voxpipe.js", "/browser", "/healthz", "/twilio/answer"):
            answer = await http.get(server.url + path)
            found[path] = answer.text if answer.text == "phones" else answer.status_code
    assert found == {
        "/": 200,
        "/voxpipe.js": 200,
        "/browser": 426,
        "/healthz": "phones",
        "/twilio/answer": "phones",
    }


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_without_a_page_there_are_the_telephones_alone() -> None:
    async with Server(Front(None, phones, "")) as server, httpx2.AsyncClient() as http:
        assert (await http.get(server.url)).text == "phones"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("is_installed", [True, False])
async def test_webrtc_is_offered_where_it_is_installed(
    is_installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_installed:
        monkeypatch.setattr(opening, "find_spec", nowhere)
    async with front(Switchboard(nothing), gate()) as doors:
        assert doors.page is not None
        assert doors.page.serves("/browser")
        assert doors.page.serves("/webrtc") == is_installed
