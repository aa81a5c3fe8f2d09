"""Whom we ask may not send us, and the key that we bring, to somebody else.

Sockets of a session have their test in ``processors/realtime/connect``. No address that
a caller, a page or a model has said is asked at all: who opens connections is counted.
"""

from __future__ import annotations

import ast
import logging
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

import voxpipe
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.mcp import HttpServer, McpError, mcp_tools
from voxpipe.processors.realtime import Service
from voxpipe.processors.realtime.rest import RestError, open_rest
from voxpipe.transports.telephony.outbound.asking import asking
from voxpipe.transports.telephony.outbound.errors import PlacingError, Refusal

from .processors.realtime.server import sending_on

KEY = "canarykey0123456789"
PACKAGE = Path(voxpipe.__file__).parent
OPENING = {
    "AsyncClient",
    "HTTPConnection",
    "HTTPSConnection",
    "RTCPeerConnection",
    "connect_tcp",
    "connect_ex",
    "connection_maker",  # create_connection, of whichever library
    "create_connection",
    "create_datagram_endpoint",
    "open_tcp_stream",
    "sendto",
    "sock_connect",
    "urlopen",
}


def opening(path: Path) -> set[str]:
    """By which names a file opens connections, or sends to an address."""
    tree = ast.parse(path.read_text("utf-8"))
    named = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    named |= {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    return named & OPENING


WHO_SAID_WHERE = {
    "chaos/proxy.py": "a test",
    "processors/mcp/servers.py": "the program: https://, or this machine",
    "processors/realtime/connect/asyncio_socket.py": "the program: its service",
    "processors/realtime/connect/dial.py": "the program: its service, or its proxy",
    "processors/realtime/rest/asking.py": "the program: its service",
    "processors/realtime/rest/client.py": "the program: its service",
    "simulator/calls/webhook.py": "the developer: the simulator is theirs",
    "simulator/net/mcp_client.py": "the session of a developer",
    "transports/rtp/wire.py": "the peer of a call; see rtp/latch.py",
    "transports/sip/connections.py": "the program: its trunk",
    "transports/sip/wires.py": "the program: its trunk; who asks is answered",
    "transports/telephony/outbound/asking.py": "the program: its carrier",
    "transports/telephony/testing/webhook.py": "a test",
    "transports/webrtc/testing.py": "a test",
    "webrtc/peer.py": "the peer of a call: see webrtc/sdp.py",
    "websocket/accepted.py": "nobody: it has been accepted",
}


def test_no_file_opens_connections_but_those_whose_address_is_accounted_for() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    found = {str(each.relative_to(PACKAGE)) for each in files if opening(each)}
    assert found == set(WHO_SAID_WHERE)


def test_whoever_opens_one_is_found(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "async def show(url):\n    return await httpx2.AsyncClient().get(url)"
    )
    assert opening(bad) == {"AsyncClient"}


def redirect(url: str) -> httpx2.MockTransport:
    return httpx2.MockTransport(
        lambda _: httpx2.Response(307, headers={"location": url})
    )


async def test_the_rest_side_is_not_sent_elsewhere() -> None:
    async with open_rest(
        service=Service(api_key=KEY), transport=redirect(f"https://a.example/?k={KEY}")
    ) as rest:
        with pytest.raises(RestError, match="307") as raised:
            await rest.hang_up("rtc_1")
    assert KEY not in str(raised.value)


async def test_a_carrier_is_not_sent_elsewhere() -> None:
    async with asking(
        "Acme",
        "https://api.acme.example",
        lambda _: Refusal(),
        timeout=5.0,
        transport=redirect(f"https://a.example/?k={KEY}"),
        headers={"Authorization": f"Bearer {KEY}"},
    ) as client:
        with pytest.raises(PlacingError, match="307") as raised:
            await client.post("place a call", "/calls", json={})
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_server_of_tools_is_not_sent_elsewhere(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with no_leaks(), sending_on(status) as (url, asked):
        server = HttpServer(url, SecretStr(KEY), {"X-Key": SecretStr(KEY)})
        with pytest.raises(McpError):
            async with mcp_tools(server):
                pass
    assert not asked
    assert KEY not in caplog.text
