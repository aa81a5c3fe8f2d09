"""`voxpipe probe`: calls a deployment as a carrier would, and tells how it was."""

from __future__ import annotations

import argparse
import json
import os
from contextlib import ExitStack, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio import current_time, sleep_until

from voxpipe.bench.probe import CARRIERS, OUTCOMES, Probed, carrier, probe
from voxpipe.transports import read_wav

from . import numbers
from .app import AppError

_EPILOG = """\
It rings at the webhook, signs as the carrier does, opens the stream, is greeted, asks,
listens, and hangs up. What it tells is measured at the caller's ear. The exit code is 0
if all was well, and 1 if not: refused, unanswered, broken, or slower than --within.
Each call is a real one: the app answers it, and the model is paid.

  voxpipe probe http://127.0.0.1:8080
      a server on this machine

  TWILIO_AUTH_TOKEN=... voxpipe probe https://calls.example.com --within 1.5
      one call to a deployment, from a schedule of yours (cron, CI)

  TWILIO_AUTH_TOKEN=... voxpipe probe https://calls.example.com --every 300 \\
      --metrics 9465
      on and on, with figures at http://127.0.0.1:9465/metrics

Environment: what the server has of the carrier, such as TWILIO_AUTH_TOKEN.
"""


def add_parser(commands: Any) -> None:
    """Add ``probe`` to the commands."""
    parser = commands.add_parser(
        "probe",
        help="call a deployment that runs, and tell how soon it answers",
        description="Place a real call to a server that runs, and measure it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("url", metavar="URL", help="of the server, such as https://calls.example.com")
    add(
        "--over",
        choices=CARRIERS,
        default="twilio",
        help="as which carrier; default: %(default)s",
    )
    add(
        "--public-url",
        metavar="URL",
        help="what the server believes to be called, if that is not URL",
    )
    add("--question", type=Path, metavar="WAV", help="what is asked, one channel")
    add(
        "--timeout",
        type=numbers.seconds,
        default=15.0,
        metavar="S",
        help="for the whole answer; default: %(default)g",
    )
    add(
        "--within",
        type=numbers.seconds,
        metavar="S",
        help="it has failed if the answer begins later",
    )
    add(
        "--every",
        type=numbers.seconds,
        metavar="S",
        help="call again, until it is ended",
    )
    add("--json", action="store_true", help="a line of JSON for each call")
    add(
        "--metrics",
        type=numbers.port,
        metavar="PORT",
        help="with --every: figures for Prometheus, on 127.0.0.1; "
        "pip install 'voxpipe[prometheus]'",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Call once, or on and on; returns the exit code: of the last call."""
    if arguments.metrics is not None and arguments.every is None:
        raise AppError("--metrics is for what goes on: give --every as well")
    return anyio.run(partial(_run, arguments))


async def _run(arguments: argparse.Namespace) -> int:
    caller = carrier(arguments.over, arguments.url, arguments.public_url, os.environ)
    if arguments.question is not None:
        read_wav(arguments.question)  # what is wrong with it is told before the call
    with ExitStack() as serving:
        figures = None
        if arguments.metrics is not None:
            try:
                from voxpipe.monitoring.probe_figures import ProbeFigures
            except ImportError as missing:
                raise AppError(str(missing)) from None
            figures = ProbeFigures(OUTCOMES)
            port = serving.enter_context(figures.served(arguments.metrics))
            _tell(f"figures at http://127.0.0.1:{port}/metrics")
        while True:
            due = current_time() + (arguments.every or 0.0)
            found = await probe(caller, arguments.question, timeout=arguments.timeout)
            _tell(json.dumps(asdict(found)) if arguments.json else line(found))
            if figures is not None:
                stages = {
                    "connected": found.connected,
                    "greeting": found.greeting,
                    "answer": found.answer,
                }
                figures.add(found.outcome, stages, found.underruns)
            if arguments.every is None:
                return 0 if is_well(found, arguments.within) else 1
            await sleep_until(due)


def is_well(found: Probed, within: float | None) -> bool:
    """Whether it was answered, soon enough."""
    if found.outcome != "answered" or found.answer is None:
        return False
    return within is None or found.answer <= within


def line(found: Probed) -> str:
    """A call, for people."""
    times = {
        "connected": found.connected,
        "greeted": found.greeting,
        "answered": found.answer,
    }
    told = [
        f"{name} after {seconds * 1000:.0f} ms"
        for name, seconds in times.items()
        if seconds is not None
    ]
    if found.underruns:
        told.append(f"{found.underruns} gaps")
    if found.violations:
        told.append(f"{found.violations} messages that no carrier takes")
    why = f": {found.why}" if found.why else ""
    return ", ".join([f"{found.outcome}{why}", *told])


def _tell(text: str) -> None:
    with suppress(OSError):  # nobody reads it any more
        print(text, flush=True)
