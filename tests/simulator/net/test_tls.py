"""The port over TLS: sessions and requests of clients that trust its authority."""

from __future__ import annotations

import json
import ssl
import sys
from pathlib import Path

import anyio
import pytest
from anyio import connect_tcp, fail_after
from anyio.streams.tls import TLSStream
from openai import AsyncOpenAI

from voxpipe.pipeline.errors import TransportError
from voxpipe.processors.realtime import Service, open_session
from voxpipe.simulator import Line, LocalAuthority, Script, Simulator, ToneVoice

SCRIPT = Script(replies=[Line(say="Good evening.")])
REQUEST = (
    "POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    "Authorization: Bearer k\r\nConnection: close\r\n\r\n{}"
)


@pytest.fixture(scope="module")
def authority() -> LocalAuthority:
    return LocalAuthority("sim.internal")


def trusting(authority: LocalAuthority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem)


async def everything(stream: TLSStream) -> bytes:
    received = b""
    with fail_after(10):
        try:
            while True:
                received += await stream.receive()
        except anyio.EndOfStream:
            return received


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "sim.internal"])
async def test_requests_are_answered_and_the_connection_ends(
    authority: LocalAuthority, name: str
) -> None:
    async with Simulator(SCRIPT, ToneVoice(), tls=authority) as server:
        plain = await connect_tcp("127.0.0.1", server.port)
        stream = await TLSStream.wrap(
            plain,
            hostname=name,
            ssl_context=trusting(authority),
            standard_compatible=False,
        )
        async with stream:
            await stream.send(REQUEST.encode())
            answer = await everything(stream)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["value"].startswith("ek_")


async def test_sessions_are_opened_by_clients_that_trust_the_file(
    authority: LocalAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.write(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with Simulator(SCRIPT, ToneVoice(), tls=authority) as server:
        assert server.url.startswith("https://127.0.0.1:")
        assert server.websocket_url.startswith("wss://127.0.0.1:")
        service = Service(base_url=server.url, api_key="sk-test")
        with fail_after(10):
            async with open_session(service=service) as session:
                assert session.id.startswith("sess_")


async def test_openais_sdk_converses_and_closes_at_once(
    authority: LocalAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    anyio_backend_name: str,
) -> None:
    if anyio_backend_name != "asyncio":
        return  # the SDK's WebSockets are asyncio's
    authority.write(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with (
        Simulator(SCRIPT, ToneVoice(), tls=authority) as server,
        AsyncOpenAI(base_url=server.url, api_key="sk-test", max_retries=0) as openai,
    ):
        secret = await openai.realtime.client_secrets.create()
        assert secret.value.startswith("ek_")
        with fail_after(10):
            async with openai.realtime.connect(model="gpt-realtime") as connection:
                await connection.response.create()
                async for event in connection:
                    if event.type == "response.done":
                        break


async def test_who_does_not_trust_it_is_logged_with_the_cure(
    authority: LocalAuthority, caplog: pytest.LogCaptureFixture
) -> None:
    async with Simulator(SCRIPT, ToneVoice(), tls=authority) as server:
        service = Service(base_url=server.url, api_key="sk-secret-of-ada")
        with fail_after(10), pytest.raises(TransportError):
            async with open_session(service=service):
                pass
        with fail_after(10):
            while "does it trust" not in caplog.text:
                await anyio.lowlevel.checkpoint()
    assert "sk-secret-of-ada" not in caplog.text


def test_without_its_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(TransportError, match=r"pip install 'voxpipe\[tls\]'"):
        LocalAuthority()


def test_a_name_that_nobody_can_have_is_refused() -> None:
    with pytest.raises(TransportError, match="no certificate can be made for my_host"):
        LocalAuthority("my_host")


def test_a_file_that_cannot_be_written_is_named(
    authority: LocalAuthority, tmp_path: Path
) -> None:
    with pytest.raises(TransportError, match="cannot write the certificate to"):
        authority.write(tmp_path / "absent" / "ca.pem")
