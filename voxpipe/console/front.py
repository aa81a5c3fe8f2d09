"""What is at the paths of `voxpipe serve`: a page that talks, and telephones."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from voxpipe.transports.asgi import AsgiApp, Receive, Scope, Send
from voxpipe.transports.browser import BrowserEndpoints
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.asgi import split_path
from voxpipe.transports.telephony.carrier import CarrierEndpoints
from voxpipe.transports.webrtc import WebRtcEndpoints
from voxpipe.webrtc import Ice

from .access import LOOPBACK, Access

Page = BrowserEndpoints | WebRtcEndpoints

_CURE = """\
nobody would be checked.
            Listen on 127.0.0.1, say --insecure, or have tokens checked in an app of
            your own: BrowserEndpoints(board, check=...), docs/browser.md"""


def page_for(board: Switchboard, gate: Access) -> tuple[Page | None, str]:
    """The page, if it may be served there; and what to say of it."""
    if gate.insecure:
        why = "ANYBODY who reaches this server can talk at your cost"
        return BrowserEndpoints(board, insecure=True), f"open to all: {why}"
    if gate.is_near:
        return BrowserEndpoints(board), "open to this machine only"
    return None, f"off: --host {gate.host} can be reached by others, and {_CURE}"


@asynccontextmanager
async def front(board: Switchboard, gate: Access) -> AsyncGenerator[Front]:
    """Open all that is served on the port.

    Args:
        board: takes the calls.
        gate: who may call.

    Raises:
        ConfigurationError: no carrier could use the public URL.
    """
    page, line = page_for(board, gate)
    phones = CarrierEndpoints(
        board,
        gate.carriers,
        public_url=gate.public_url,
        insecure=gate.insecure,
        beside=() if page is None else ("/",),
    )
    async with AsyncExitStack() as stack:
        if isinstance(page, BrowserEndpoints):
            ice = Ice(addresses=[LOOPBACK] if gate.is_near else [])
            with suppress(ImportError):  # WebRTC is an extra, and the page goes without
                page = await stack.enter_async_context(WebRtcEndpoints(page, ice=ice))
        yield Front(page, phones, line)


@dataclass(frozen=True, slots=True)
class Front:
    """Leads everybody to whom they want.

    Attributes:
        page: for people; ``None`` if there is none.
        phones: for everything else.
        line: what to say of the page.
    """

    page: Page | None
    phones: AsgiApp
    line: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        app: AsgiApp = self.phones
        if self.page is not None and self.page.serves(split_path(scope)[1]):
            app = self.page
        await app(scope, receive, send)
