"""The page of `voxpipe serve`: where it is, where it is not, and why."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from voxpipe.console.front import Front, link_to, page_for
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.asgi import respond
from voxpipe.transports.telephony.carrier import CarrierEndpoints
from voxpipe.transports.telephony.twilio import Twilio


async def nothing(call: Call) -> None:
    """Answers nobody."""


async def phones(scope: Scope, receive: Receive, send: Send) -> None:
    """What is behind it for all others."""
    await respond(send, 200, "phones")


def test_it_is_served_to_this_machine_only_or_to_all_by_order() -> None:
    board = Switchboard(nothing)
    for host in ("127.0.0.1", "localhost", "::1"):
        page, why = page_for(board, host, insecure=False)
        assert page is not None
        assert why == "open to this machine only"
    page, why = page_for(board, "0.0.0.0", insecure=True)
    assert page is not None
    assert "ANYBODY" in why


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", ""])
def test_the_link_is_one_at_which_a_browser_gives_a_microphone(host: str) -> None:
    server = Server(phones, host=host, port=8_080)  # it is not opened
    assert link_to(server) == "http://127.0.0.1:8080/"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # our server's
async def test_who_asks_for_what_is_not_there_is_told_of_the_page() -> None:
    board = Switchboard(nothing)
    page, _ = page_for(board, "127.0.0.1", insecure=False)
    endpoints = CarrierEndpoints(board, [Twilio()], beside=["/"])
    async with (
        Server(Front(page, endpoints)) as server,
        httpx2.AsyncClient() as http,
    ):
        answer = await http.get(f"{server.url}/talk")
    assert answer.status_code == 404
    told = "expected one of /, /twilio/answer, /healthz and /readyz"
    assert answer.text.strip() == told


def test_elsewhere_it_is_not_and_the_cure_is_told() -> None:
    page, why = page_for(Switchboard(nothing), "0.0.0.0", insecure=False)
    assert page is None
    assert why.startswith("off: --host 0.0.0.0 can be reached by others")
    for cure in ("127.0.0.1", "--insecure", "check=...", "docs/browser.md"):
        assert cure in why
    assert max(map(len, why.split("\n"))) < 88


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # our server's
async def test_everything_else_is_for_the_telephones() -> None:
    page, _ = page_for(Switchboard(nothing), "127.0.0.1", insecure=False)
    found: dict[str, Any] = {}
    async with Server(Front(page, phones)) as server, httpx2.AsyncClient() as http:
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
    async with Server(Front(None, phones)) as server, httpx2.AsyncClient() as http:
        assert (await http.get(server.url)).text == "phones"
