"""What `voxpipe serve` serves, and how all of it is opened."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxpipe import __version__
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Switchboard
from voxpipe.websocket import sockets

from . import phones
from .access import Access
from .front import front
from .model import Model
from .monitoring import Monitoring
from .process import settle, tell
from .sip import sip_served
from .stop import Stop

if TYPE_CHECKING:
    from voxpipe.transports.sip import SipLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What there is to be opened; nothing of it is yet.

    Attributes:
        app: its name.
        idle_limit: seconds until a call is ended in which nobody speaks.
        loop: the event loop's name.
        port: 0 for any that is free.
        gate: who may call, and where.
        board: takes the calls.
        line: for calls by SIP, if there are to be any.
        model: for the app.
        monitoring: tells of the calls, if anything is to.
        stop: knows when to end.
    """

    app: str
    idle_limit: float
    loop: str
    port: int
    gate: Access
    board: Switchboard
    line: SipLine | None
    model: Model
    monitoring: Monitoring | None
    stop: Stop


async def serve(served: Served) -> None:
    """Serve until a signal, and until the calls that there are have ended.

    Raises:
        ConfigurationError: no carrier could use the public URL.
        TransportError: the port cannot be had.
    """
    board, gate, line = served.board, served.gate, served.line
    telling = served.monitoring
    with served.stop.heeded():
        async with (
            front(board, gate) as doors,
            served.model.simulator or nullcontext(),
        ):
            with served.model.found() as model:
                async with (
                    telling.of(board, doors) if telling else nullcontext(doors) as app,
                    Server(app, host=gate.host, port=served.port) as server,
                    sip_served(line, board) if line else nullcontext("") as sip,
                ):
                    url = server.url
                    settle()
                    if doors.page is not None:
                        tell(f"Talk to it: {url}/\n")
                    tell(_welcome(served, url, model, doors.line, sip))
                    await served.stop.followed()


def _welcome(served: Served, url: str, model: str, page: str, sip: str) -> str:
    gate = served.gate
    base = (gate.public_url or url).rstrip("/")
    return f"""\
voxpipe {__version__} answers calls with {served.app}, at {url}

  page      {page}
{phones.told(gate.carriers, base)}
{sip}  health    {url}/healthz and /readyz
  model     {model}
  calls     {served.board.limit} at once, ended after {served.idle_limit:g} s of \
silence
  checks    {gate.line}
  runs on   {served.loop}, sockets by {sockets()}

Ctrl-C ends it, once the calls have ended."""
