"""`voxpipe serve`: answers calls by browser and telephone, each with an app."""

from __future__ import annotations

import argparse
import importlib.util
import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from voxpipe import __version__
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.carrier import CarrierEndpoints
from voxpipe.websocket import sockets

from . import numbers, phones
from .access import LOOPBACK, Access, access
from .app import AppError, load_app
from .front import Front, link_to, over_webrtc, page_for
from .model import DEFAULT_APP, add_model, model_found
from .process import log_to_console, open_files, settle
from .sip import add_arguments, sip_line, sip_served
from .stop import Stop

if TYPE_CHECKING:
    from voxpipe.transports.sip import SipLine

_EPILOG = """\
APP is module:function, an async function that is called with each `Call`; the working
directory is searched first. Without APP a friendly assistant answers
(voxpipe/console/assistant.py, which is a good beginning for your own).

  voxpipe serve --simulator
      no key, no telephone: open the link that it prints, and talk to a simulated model

  OPENAI_API_KEY=sk-... voxpipe serve my_agent:answer
      the real model, for this machine only

  TWILIO_AUTH_TOKEN=... OPENAI_API_KEY=sk-... voxpipe serve my_agent:answer \\
      --public-url https://calls.example.com
      for Twilio, behind a proxy or a tunnel that ends TLS and leads to --port. In
      Twilio's console, the number's webhook for calls is what this prints at its start.

  SIP_PASSWORD=... OPENAI_API_KEY=sk-... voxpipe serve my_agent:answer \\
      --sip 192.0.2.7 --sip-trunk alice@sip.example.com
      SIP too, from a trunk where it registers; --sip 127.0.0.1 for this machine's
      softphones alone. pip install 'voxpipe[sip]'

On one port there are / (a page to talk to, on a loopback address or with --insecure;
with tokens it is for an app of your own, docs/browser.md), /twilio/answer (the
webhook), /twilio (the streams), the same for /telnyx, /plivo, /vonage and /exotel,
/genesys (streams only), /healthz and /readyz (503 when no more calls are taken). With
--public-url, who has no credentials is closed.

Environment: OPENAI_API_KEY; OPENAI_BASE_URL, where the model is, which --realtime-url
and --simulator set for this process, so that an app calls open_session() without
saying so; by which carriers are known: TWILIO_AUTH_TOKEN, TELNYX_PUBLIC_KEY,
PLIVO_AUTH_TOKEN, VONAGE_SIGNATURE_SECRET, EXOTEL_USER and EXOTEL_PASSWORD,
GENESYS_API_KEY and GENESYS_CLIENT_SECRET; SIP_PASSWORD, for the trunk. With
pip install 'voxpipe[fast]' it runs on uvloop and picows.

SIGTERM or Ctrl-C takes no new calls and lets the others finish; a second one ends them,
and a third the process. Should an app not end when its call is cut, the process ends
all the same ten seconds later, with code 70, and its last line names the app.
"""


def add_parser(commands: Any) -> None:
    """Add ``serve`` to the commands."""
    parser = commands.add_parser(
        "serve",
        help="answer calls by browser and telephone (Twilio, Telnyx, Plivo … and SIP)",
        description="Answer calls by a browser, by carriers' WebSockets, and by SIP.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = "default: %(default)s"
    parser.add_argument(
        "app", nargs="?", default=DEFAULT_APP, metavar="APP", help="module:function"
    )
    parser.add_argument("--host", default=LOOPBACK, help=default)
    parser.add_argument(
        "--port",
        type=numbers.port,
        default=8080,
        help=f"0 for any that is free; {default}",
    )
    add_model(parser)
    parser.add_argument(
        "--public-url", metavar="URL", help="under which carriers reach this server"
    )
    parser.add_argument(
        "--insecure", action="store_true", help="let anybody call who reaches it"
    )
    add_arguments(parser)
    parser.add_argument(
        "--limit",
        type=numbers.count,
        default=100,
        metavar="N",
        help=f"calls at once; {default}",
    )
    parser.add_argument(
        "--idle-limit",
        type=numbers.seconds,
        default=300.0,
        metavar="S",
        help="seconds until a call is ended in which nobody speaks, the caller or the "
        "agent, and no tool is at work; default: %(default)g",
    )
    parser.add_argument(
        "--drain",
        type=numbers.seconds,
        default=3600.0,
        metavar="S",
        help="seconds that calls have to finish at the end; default: %(default)g",
    )
    parser.add_argument(
        "--loop",
        choices=("asyncio", "uvloop"),
        default=None,
        help="event loop; default: uvloop where it is installed",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal; returns the exit code."""
    gate = access(
        arguments.host,
        public_url=arguments.public_url,
        environment=os.environ,
        insecure=arguments.insecure,
    )
    board = Switchboard(
        load_app(arguments.app),
        limit=arguments.limit,
        idle_limit=arguments.idle_limit,
    )
    line = sip_line(arguments)
    log_to_console()
    open_files()
    arguments.loop = chosen_loop(arguments.loop)
    options = {"use_uvloop": arguments.loop == "uvloop"}
    stop = Stop(board, arguments.drain, _tell)
    try:
        anyio.run(
            partial(serve, arguments, gate, board, stop, line), backend_options=options
        )
    finally:
        stop.over()
    return 0


async def serve(
    arguments: argparse.Namespace,
    gate: Access,
    board: Switchboard,
    stop: Stop,
    line: SipLine | None = None,
) -> None:
    """Serve until a signal, and until the calls that there are have ended.

    Raises:
        ConfigurationError: no model can be reached with what was given.
        TransportError: the port cannot be had.
    """
    page, why = page_for(board, arguments.host, insecure=gate.insecure)
    endpoints = CarrierEndpoints(
        board,
        gate.carriers,
        public_url=gate.public_url,
        insecure=gate.insecure,
        beside=() if page is None else ("/",),
    )
    with stop.heeded():
        async with (
            over_webrtc(page, arguments.host) as pages,
            model_found(
                arguments.app,
                realtime_url=arguments.realtime_url,
                simulator=arguments.simulator,
            ) as model,
            Server(
                Front(pages, endpoints), host=arguments.host, port=arguments.port
            ) as server,
            sip_served(line, board) as sip,
        ):
            settle()
            if page is not None:
                _tell(f"Talk to it: {link_to(server)}\n")
            _tell(_welcome(arguments, gate, server.url, model, why, sip))
            await stop.followed()


def _tell(text: str) -> None:
    with suppress(OSError):  # nobody reads it any more: no reason to harm calls
        print(text, flush=True)


def _welcome(
    arguments: argparse.Namespace,
    gate: Access,
    url: str,
    model: str,
    page: str,
    sip: str,
) -> str:
    base = (gate.public_url or url).rstrip("/")
    return f"""\
voxpipe {__version__} answers calls with {arguments.app}, at {url}

  page      {page}
{phones.told(gate.carriers, base)}
{sip}  health    {url}/healthz and /readyz
  model     {model}
  calls     {arguments.limit} at once, ended after {arguments.idle_limit:g} s of \
silence
  checks    {gate.line}
  runs on   {arguments.loop}, sockets by {sockets()}

Ctrl-C ends it, once the calls have ended."""


def chosen_loop(wish: str | None) -> str:
    """The event loop to run on: the faster one, if it is there.

    Raises:
        AppError: it was asked for, and is not installed.
    """
    there = importlib.util.find_spec("uvloop") is not None
    if wish == "uvloop" and not there:
        raise AppError("uvloop is not installed: pip install 'voxpipe[fast]'")
    return wish or ("uvloop" if there else "asyncio")
