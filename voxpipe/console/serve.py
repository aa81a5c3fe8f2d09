"""`voxpipe serve`: answers calls by browser and telephone, each with an app."""

from __future__ import annotations

import argparse
import os
from contextlib import nullcontext
from typing import Any

import anyio

from voxpipe.transports.telephony import Switchboard

from . import numbers
from .access import LOOPBACK, access
from .app import load_app
from .model import DEFAULT_APP, add_model, model_of
from .monitoring import add_monitoring, asked_for
from .process import LINE, chosen_loop, log_to_console, open_files, tell
from .served import Served, serve
from .sip import add_arguments, sip_line
from .stop import Stop
from .watched import WATCH, watched

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
GENESYS_API_KEY and GENESYS_CLIENT_SECRET; SIP_PASSWORD, for the trunk; METRICS_TOKEN,
for who asks for /metrics. With
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
    add_monitoring(parser)
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
    parser.add_argument("--watch", **WATCH)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal; returns the exit code."""
    gate = access(
        arguments.host,
        public_url=arguments.public_url,
        environment=os.environ,
        insecure=arguments.insecure,
    )
    monitoring = asked_for(arguments, os.environ)
    board = Switchboard(
        load_app(arguments.app),
        limit=arguments.limit,
        idle_limit=arguments.idle_limit,
        watcher=monitoring.watcher if monitoring else None,
    )
    line = sip_line(arguments)
    model = model_of(arguments)
    log_to_console(line=monitoring.log_line if monitoring else LINE)
    open_files()
    loop = chosen_loop(arguments.loop)
    stop = Stop(board, arguments.drain, tell)
    served = Served(
        app=arguments.app,
        idle_limit=arguments.idle_limit,
        loop=loop,
        port=arguments.port,
        gate=gate,
        board=board,
        line=line,
        model=model,
        monitoring=monitoring,
        stop=stop,
    )
    try:
        with (
            watched(arguments, arguments.app),
            monitoring.running() if monitoring else nullcontext(),
        ):
            anyio.run(serve, served, backend_options={"use_uvloop": loop == "uvloop"})
    finally:
        stop.over()
    return 0
