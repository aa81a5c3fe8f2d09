"""The proxy that the environment names: what goes through it, and what does not."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    create_task_group,
    create_tcp_listener,
)
from anyio.abc import AnyByteStream, SocketAttribute, SocketStream
from anyio.streams.tls import TLSStream
from hypothesis import example, given
from hypothesis import strategies as st

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.realtime import ConfigurationError, Service, open_session
from voxpipe.processors.realtime.connect import websocket
from voxpipe.processors.realtime.connect.close import Timeouts
from voxpipe.processors.realtime.connect.host import host_of
from voxpipe.processors.realtime.connect.proxy import Proxy, check_speakable, proxy_of
from voxpipe.processors.realtime.rest import RestError, open_rest
from voxpipe.simulator import Script, Simulator, ToneVoice

from ..server import Line

TLS = Path(__file__).parent / "tls"
KEY, PASSWORD = "sk-canary-0123456789", "p@ss-canary"
HOST = "https://realtime.test/v1"  # which DNS does not know: only a proxy gets there
PATIENT = Timeouts()
NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "WSS_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Gate:
    """A proxy.

    Args:
        answer: to a CONNECT: a refusal, or the port that all hosts are at.

    Attributes:
        asked: the heads of what it was asked.
        url: where it is.
    """

    def __init__(self, answer: bytes | int) -> None:
        self.asked: list[str] = []
        self.url = ""
        self._answer = answer

    async def handle(self, stream: SocketStream) -> None:
        """Answer a CONNECT, and carry what follows it."""
        async with stream:
            with suppress(EndOfStream, BrokenResourceError, ClosedResourceError):
                head = await stream.receive()
                self.asked.append(head.decode("latin-1"))
                if isinstance(self._answer, bytes):
                    await stream.send(self._answer)
                    return
                there = await anyio.connect_tcp("127.0.0.1", self._answer)
                async with there:
                    await stream.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    await carry(stream, there)


async def carry(one: AnyByteStream, other: AnyByteStream) -> None:
    """Both ways, until one of them has ended."""

    async def one_way(source: AnyByteStream, sink: AnyByteStream) -> None:
        with suppress(EndOfStream, BrokenResourceError, ClosedResourceError):
            while True:
                await sink.send(await source.receive())
        tasks.cancel_scope.cancel()

    async with create_task_group() as tasks:
        tasks.start_soon(one_way, one, other)
        tasks.start_soon(one_way, other, one)


@asynccontextmanager
async def gate(answer: bytes | int) -> AsyncGenerator[Gate]:
    """A proxy on loopback, until the end of the block."""
    proxy = Gate(answer)
    listener = await create_tcp_listener(local_host="127.0.0.1")
    proxy.url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
    async with listener, create_task_group() as tasks:
        tasks.start_soon(listener.serve, proxy.handle)
        yield proxy
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def service() -> AsyncGenerator[int]:
    """The simulator behind TLS, as realtime.test; gives its port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "realtime.test.pem")
    async with Simulator(Script(), ToneVoice()) as simulator:

        async def handle(stream: SocketStream) -> None:
            async with stream:
                with suppress(OSError, EndOfStream, BrokenResourceError):
                    wrapped = await TLSStream.wrap(
                        stream,
                        server_side=True,
                        ssl_context=context,
                        standard_compatible=False,
                    )
                    there = await anyio.connect_tcp("127.0.0.1", simulator.port)
                    async with wrapped, there:
                        await carry(wrapped, there)

        listener = await create_tcp_listener(local_host="127.0.0.1")
        async with listener, create_task_group() as tasks:
            tasks.start_soon(listener.serve, handle)
            yield listener.extra(SocketAttribute.local_port)
            tasks.cancel_scope.cancel()


async def open_once(url: str = HOST, timeouts: Timeouts = PATIENT) -> str:
    """Open a session; where it was."""
    async with open_session(
        service=Service(base_url=url, api_key=KEY),
        connect=lambda address: websocket(address, timeouts),
    ) as session:
        return session.host


@pytest.mark.parametrize(
    "name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "WSS_PROXY"]
)
async def test_a_session_goes_through_the_proxy_of_the_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    async with no_leaks(), service() as port, gate(port) as proxy:
        monkeypatch.setenv(name, proxy.url)
        assert await open_once() == "realtime.test"
    (head,) = proxy.asked
    assert head.startswith("CONNECT realtime.test:443 HTTP/1.1\r\n")
    assert "\r\nHost: realtime.test:443\r\n" in head
    assert KEY not in head


async def test_rest_goes_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    async with service() as port, gate(port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        asked = Service(base_url=HOST, api_key=KEY)
        async with open_rest(service=asked) as rest:
            secret = await rest.client_secret()
    assert secret.value.get_secret_value().startswith("ek_")
    assert proxy.asked[0].startswith("CONNECT realtime.test:443 ")


async def test_a_proxy_is_told_its_password_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with no_leaks(), gate(refusal) as proxy:
        place = proxy.url.removeprefix("http://")
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:p%40ss-canary@{place}")
        with pytest.raises(TransportError, match="it refused with HTTP 407") as caught:
            await open_once()
        with pytest.raises(RestError, match=f"through the proxy {place}") as other:
            async with open_rest(service=Service(base_url=HOST, api_key=KEY)) as rest:
                await rest.client_secret()
    pair = b64encode(f"ada:{PASSWORD}".encode()).decode()
    assert f"\r\nProxy-Authorization: Basic {pair}\r\n" in proxy.asked[0]
    assert f"to realtime.test through the proxy {place}: " in str(caught.value)
    for error in (caught.value, other.value, proxy_of(HOST)):
        shown = f"{error} {error!r}"
        for secret in ("canary", pair):
            assert secret not in shown


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP 403: it does not let this host pass"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\nsorry", "it refused with HTTP 502;"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "it does not speak HTTP"),
        (b"", "ended the connection in place of an answer"),
        (b"x" * 70_000, "in place of an answer"),
    ],
)
async def test_a_proxy_that_will_not_is_named(
    answer: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with no_leaks(), gate(answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(TransportError) as caught:
            await open_once()
    assert words in str(caught.value)
    assert proxy.url.removeprefix("http://") in str(caught.value)
    assert "NO_PROXY=realtime.test" in str(caught.value)


async def test_a_proxy_that_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def say_nothing(stream: SocketStream) -> None:
        async with stream:
            with suppress(EndOfStream, BrokenResourceError):
                while True:
                    await stream.receive()

    async with no_leaks():
        listener = await create_tcp_listener(local_host="127.0.0.1")
        place = f"127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://{place}")
        async with listener, create_task_group() as tasks:
            tasks.start_soon(listener.serve, say_nothing)
            with pytest.raises(TransportError, match=f"proxy {place} within 0.2 s"):
                await open_once(timeouts=Timeouts(open=0.2))
            tasks.cancel_scope.cancel()


async def test_nobody_at_the_proxys_port_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with gate(b"") as proxy:
        pass
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(TransportError, match="check the proxy, and its port"):
        await open_once()


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://realtime.test/v1", "proxy.test:3128"),
        ("wss://realtime.test:8443/v1", "proxy.test:3128"),
        ("https://other.test/v1", None),  # as NO_PROXY says
        ("https://a.intern/v1", None),
        ("https://localhost/v1", None),
        ("https://127.0.0.1:8443/v1", None),
        ("https://[::1]/v1", None),
        ("ws://litellm:4000/v1", None),  # what it would read goes past it
    ],
)
def test_what_goes_through_a_proxy(
    url: str, named: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.test:3128")  # curl takes it so as well
    monkeypatch.setenv("HTTP_PROXY", "http://plain.test:3128")
    monkeypatch.setenv("NO_PROXY", "other.test,.intern")
    proxy = proxy_of(url)
    assert named == (None if proxy is None else str(proxy))


def refusal_of(url: str) -> str | None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HTTPS_PROXY", url)
        try:
            proxy = proxy_of(HOST)
            check_speakable(proxy)
        except ConfigurationError as error:
            return str(error)
    assert str(proxy) == "proxy.test:3128"
    return None


def texts(*likely: str) -> st.SearchStrategy[str]:
    can_be_set = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    return st.lists(st.sampled_from(likely) | can_be_set, max_size=6).map("".join)


@given(
    texts("ada", ":", "/", "#", "?", "@", "[", "://", "socks5"),
    texts("8080", ":", "/", "#", "?", "@", "]", "\\", "\n", "\u2100"),
    st.sampled_from(["http://", "socks5://", ""]),
)
@example("ada", "80#ss", "http://")
@example("token#", "", "http://")
@example("us", "//x", "")
def test_nothing_of_a_proxys_password_is_shown(
    user: str, password: str, scheme: str
) -> None:
    where = f"{scheme}{user}:{password}@proxy.test:3128"
    cannot, no_url = refusal_of("socks5://proxy.test:3128"), refusal_of("http://")
    assert refusal_of(where) in (None, cannot, no_url)


@pytest.mark.parametrize(
    ("written", "password"), [("p%23ss%2F", "p#ss/"), ("p@ss", "p@ss"), ("", "")]
)
def test_a_password_may_hold_anything(written: str, password: str) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HTTPS_PROXY", f"http://ada:{written}@proxy.test:3128/")
        proxy = proxy_of(HOST)
    assert proxy is not None
    pair = b64encode(f"ada:{password}".encode()).decode()
    assert proxy.headers() == {"Proxy-Authorization": f"Basic {pair}"}


async def test_this_machine_is_asked_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with gate(b"") as proxy, Simulator(Script(), ToneVoice()) as simulator:
        for name in NAMES[:3]:
            monkeypatch.setenv(name, proxy.url)
        await open_once(simulator.url)
        here = Service(base_url=simulator.url, api_key=KEY)
        async with open_rest(service=here) as rest:
            await rest.client_secret()
    assert not proxy.asked


@pytest.mark.parametrize(
    "url",
    ["http://", "http://ada:canary@:80", "ftp://proxy", "http://[x", "http://x:y"],
)
async def test_what_is_no_proxy_is_refused_and_not_shown(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(ConfigurationError, match="http://HOST:PORT") as refused:
        await open_once()
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "https"])
async def test_a_proxy_that_is_spoken_to_otherwise_is_refused(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://ada:canary@proxy.test:1080")
    words = f"proxy.test:1080 is named as {scheme}://"
    with pytest.raises(ConfigurationError, match=words) as refused:
        await open_once()
    assert "canary" not in str(refused.value)


def test_a_proxy_without_a_password_is_told_none() -> None:
    assert Proxy("http", "x", 80, "http://x").headers() == {}
    only_user = Proxy("http", "x", 80, "http://ada@x").headers()
    assert only_user["Proxy-Authorization"] == f"Basic {b64encode(b'ada:').decode()}"


async def test_a_certificate_of_nobody_we_know_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with no_leaks(), service() as port, gate(port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(TransportError, match="certificate is not trusted") as told:
            await open_once()
        assert "SSL_CERT_FILE" in str(told.value)
        asked = Service(base_url=HOST, api_key=KEY)
        async with open_rest(service=asked, timeout=5) as rest:
            with pytest.raises(RestError, match="certificate is not trusted"):
                await rest.client_secret()


async def test_what_comes_at_once_over_tls_comes_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [f"{number:06}" * 2_000 for number in range(16)]  # 12 records of TLS
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "realtime.test.pem")

    async def handle(stream: SocketStream) -> None:
        secured = await TLSStream.wrap(
            stream, server_side=True, ssl_context=context, standard_compatible=False
        )
        async with secured:
            await secured.send(await Line(secured).answer(*texts))
            await anyio.sleep_forever()

    address = host_of(service=Service(api_key=KEY, base_url=HOST)).websocket()
    listener = await create_tcp_listener(local_host="127.0.0.1")
    port: int = listener.extra(SocketAttribute.local_port)
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    async with listener, create_task_group() as tasks, gate(port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        tasks.start_soon(listener.serve, handle)
        async with websocket(address, Timeouts(farewell=0.1)) as connection:
            assert [await connection.receive() for _ in texts] == texts
        tasks.cancel_scope.cancel()
