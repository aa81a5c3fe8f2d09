"""What is at the paths of `voxpipe serve`: a page that talks, and telephones."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.transports.asgi import AsgiApp, Receive, Scope, Send
from voxpipe.transports.browser import BrowserEndpoints
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.asgi import split_path
from voxpipe.transports.webrtc import WebRtcEndpoints
from voxpipe.webrtc import Ice, available

from .access import LOOPBACK

Page = BrowserEndpoints | WebRtcEndpoints

_CURE = """\
nobody would be checked.
            Listen on 127.0.0.1, say --insecure, or have tokens checked in an app of
            your own: BrowserEndpoints(board, check=...), docs/browser.md"""


def page_for(
    board: Switchboard, host: str, *, insecure: bool
) -> tuple[BrowserEndpoints | None, str]:
    """The page, if it may be served there; and what to say of it.

    Args:
        board: takes its calls.
        host: where the server is to listen.
        insecure: ``--insecure`` was given.
    """
    if insecure:
        why = "ANYBODY who reaches this server can talk at your cost"
        return BrowserEndpoints(board, insecure=True), f"open to all: {why}"
    if is_loopback(host):
        return BrowserEndpoints(board), "open to this machine only"
    return None, f"off: --host {host} can be reached by others, and {_CURE}"


def link_to(server: Server) -> str:
    """What to open on this machine: there browsers give a microphone without TLS."""
    everywhere = server.host in ("", "0.0.0.0", "::")
    return f"http://{LOOPBACK}:{server.port}/" if everywhere else f"{server.url}/"


@asynccontextmanager
async def over_webrtc(
    page: BrowserEndpoints | None, host: str
) -> AsyncGenerator[Page | None]:
    """The page's endpoints, and beside them WebRTC where that is installed.

    Args:
        page: if there is one.
        host: where the server listens: on loopback nobody else is to find the calls.
    """
    if page is None or not available():
        yield page
        return
    ice = Ice(addresses=[LOOPBACK] if is_loopback(host) else [])
    async with WebRtcEndpoints(page, ice=ice) as both:
        yield both


class Front:
    """Leads everybody to whom they want.

    Args:
        page: for people; ``None`` if there is none.
        phones: for everything else.
    """

    def __init__(self, page: Page | None, phones: AsgiApp) -> None:
        self._page = page
        self._phones = phones

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        app: AsgiApp = self._phones
        if self._page is not None and self._page.serves(split_path(scope)[1]):
            app = self._page
        await app(scope, receive, send)
