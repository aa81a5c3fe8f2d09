"""Why there is no connection, in words that say what to do."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

import pytest
from anyio import create_tcp_listener
from anyio.abc import SocketAttribute

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.realtime import Service, open_session
from voxpipe.processors.realtime.connect import dial
from voxpipe.processors.realtime.connect.failure import reason_of
from voxpipe.processors.realtime.rest import RestError, open_rest

from ..server import Line, serving

KEY = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "WSS_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def both(url: str) -> tuple[str, str]:
    """What a session and REST say of a host that cannot be reached."""
    service = Service(base_url=url, api_key=KEY)
    with pytest.raises(TransportError) as session:
        async with open_session(service=service):
            pass
    with pytest.raises(RestError) as rest:
        async with open_rest(service=service) as client:
            await client.hang_up("rtc_1")
    return str(session.value), str(rest.value)


async def test_a_closed_port_is_told() -> None:
    listener = await create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    await listener.aclose()
    for told in await both(f"http://127.0.0.1:{port}/v1"):
        assert "nothing listens there: check the base URL, and its port" in told
        assert KEY not in told


async def test_a_name_that_nobody_knows_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for told in await both("https://realtime.test/v1"):
        assert "realtime.test: DNS knows no such name: check the base URL" in told


async def test_what_does_not_speak_tls_is_told() -> None:
    async def talk(line: Line) -> None:
        await line.stream.receive()
        await line.stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with no_leaks(), serving(talk) as url:
        for told in await both(url.replace("http", "https", 1)):
            assert "does not speak TLS there" in told


async def test_a_server_that_hangs_up_at_once_is_told() -> None:
    async def talk(line: Line) -> None:
        """Nothing."""

    async with no_leaks(), serving(talk) as url:
        session, _ = await both(url.replace("http", "https", 1))
        assert "the other side closed it at once" in session


@pytest.mark.parametrize("code", [errno.ENETUNREACH, errno.EHOSTUNREACH])
async def test_no_route_is_told(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(dial, "_connect", lost)
    with pytest.raises(TransportError, match="no route to it: check the network"):
        async with open_session(
            service=Service(base_url="https://192.0.2.1/v1", api_key=KEY)
        ):
            pass


def test_an_error_of_no_known_kind_is_called_by_its_name() -> None:
    assert reason_of(KeyError(KEY), None) == "KeyError"
