"""The proxy that the environment names, and the way through it.

HTTPS_PROXY, ALL_PROXY and NO_PROXY are read as everybody reads them (on macOS and
Windows the system's settings, where there are none). What goes without TLS goes through
no proxy, which would read it, nor does what stays on this machine.
"""

from __future__ import annotations

import re
import socket
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from anyio import wait_readable, wait_writable

from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.processors.realtime.errors import ConfigurationError

_SCHEMES = ("wss", "https", "all")  # whose proxies are asked for, first one first
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_MAX_HEAD = 65_536  # bytes of a proxy's answer, as h11 has it
_STATUS = re.compile(rb"HTTP/1\.\d (\d{3})\b")


class ProxyRefused(Exception):
    """A proxy would not connect to the host.

    Attributes:
        status: of HTTP; 0 if that was not what it spoke.
    """

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        scheme: how it is spoken to; ``http``, mostly.
        host: where it is.
        port: likewise.
        url: all of it; not shown, for it can hold a password.
    """

    scheme: str
    host: str
    port: int
    url: str = field(repr=False)

    def __str__(self) -> str:
        return _authority(self.host, self.port)

    def headers(self) -> dict[str, str]:
        """The password, if there is one: show it nobody."""
        parts = urlsplit(self.url)
        if parts.username is None:
            return {}
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def proxy_of(url: str) -> Proxy | None:
    """The proxy on the way to a URL; ``None`` for none.

    Raises:
        ConfigurationError: what the environment names is none.
    """
    there = urlsplit(url)
    host = there.hostname or ""
    place = _authority(host, there.port or 443)
    secure = there.scheme in ("wss", "https")
    if not secure or is_loopback(host) or proxy_bypass(place):
        return None
    named = getproxies()
    given = next(filter(None, map(named.get, _SCHEMES)), "")
    if not given:
        return None
    full = given if "://" in given else f"http://{given}"
    if (proxy := _read(full)) is not None:
        return proxy
    raise ConfigurationError(
        "HTTPS_PROXY (or ALL_PROXY) must look like http://HOST:PORT, or "
        "http://USER:PASSWORD@HOST:PORT, where what is no letter or digit in the "
        f"password is written as %23 is for #; NO_PROXY={host} passes it by"
    )


def _read(url: str) -> Proxy | None:
    try:
        parts = urlsplit(url)
        # A `/` or `#` in a password ends the host there: what follows is the password's
        # rest, and what seems to be the host its beginning, which is not to be shown.
        if not parts.hostname or "@" in parts.path + parts.query + parts.fragment:
            return None
        usual = _PORTS[parts.scheme]
        return Proxy(parts.scheme, parts.hostname, parts.port or usual, url)
    except (ValueError, KeyError):
        return None


def check_speakable(proxy: Proxy | None) -> None:
    """Refuse a proxy that is not spoken to in plain HTTP.

    Raises:
        ConfigurationError: says so.
    """
    if proxy is not None and proxy.scheme != "http":
        raise ConfigurationError(
            f"the proxy {proxy} is named as {proxy.scheme}://, which sessions cannot "
            "go through: name it as http://, if it takes CONNECT, as most do"
        )


async def tunnel(sock: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Have a proxy connect to a host; then all that ``sock`` is sent goes there.

    Args:
        sock: connected to ``proxy``; it does not block.
        proxy: see above.
        host: whose name the proxy looks up itself.
        port: likewise.

    Raises:
        ProxyRefused: it would not.
        OSError: it has gone.
    """
    target = _authority(host, port)
    headers = {"Host": target} | proxy.headers()
    lines = [f"CONNECT {target} HTTP/1.1", *map(": ".join, headers.items()), "", ""]
    await wait_writable(sock)
    sock.send("\r\n".join(lines).encode())  # the first thing, so that it fits
    head = await _head(sock)
    status = _STATUS.match(head)
    if status is None:
        raise ProxyRefused("it does not speak HTTP")
    if not 200 <= int(status[1]) < 300:
        raise ProxyRefused(f"it refused with HTTP {int(status[1])}", int(status[1]))


async def _head(sock: socket.socket) -> bytes:
    """A proxy's answer; what comes behind it comes from a server, which waits."""
    head = b""
    while b"\r\n\r\n" not in head:
        await wait_readable(sock)
        try:
            piece = sock.recv(4_096)
        except BlockingIOError:
            continue
        head += piece
        if not piece or len(head) > _MAX_HEAD:
            raise ProxyRefused("it ended the connection in place of an answer")
    return head


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
