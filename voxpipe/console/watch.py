"""`voxpipe watch`: a window into a session, in the browser."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.simulator import LocalAuthority
from voxpipe.watch import WatchError
from voxpipe.watch.board import Board
from voxpipe.watch.opened import open_files
from voxpipe.watch.proxy import Proxy
from voxpipe.watch.window import Window

from . import numbers
from .process import log_to_console

SERVICE = "https://api.openai.com/v1"

_EPILOG = """\
What was recorded before:

  voxpipe watch call.jsonl                 a cassette
  voxpipe watch out/report.json call.wav   a bench report, a recording

Between any client of the Realtime API and the service, changing nothing:

  voxpipe watch --proxy
  export OPENAI_BASE_URL=http://127.0.0.1:8090/v1       # for the client

Between a client and a simulated service (voxpipe simulate):

  voxpipe watch --proxy --to http://127.0.0.1:8081/v1

What passes is seen in the browser, at the link that is printed; what is wrong with it
is said here as well, in words; and each session becomes a cassette in watch-out,
without keys. The client's own key goes to the service, and nowhere else.
"""


def add_parser(commands: Any) -> None:
    """Add ``watch`` to what ``ArgumentParser.add_subparsers`` gave."""
    parser = commands.add_parser(
        "watch",
        help="look into a session while it runs, or afterwards",
        description="Look into a session while it runs, or afterwards, until Ctrl-C.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "files",
        nargs="*",
        default=[],
        type=Path,
        metavar="FILE",
        help="a cassette (.jsonl), a bench report (.json, or its folder), a recording "
        "(.wav)",
    )
    source.add_argument(
        "--proxy",
        action="store_true",
        help="stand between a client and the service",
    )
    parser.add_argument(
        "--to",
        metavar="URL",
        default=SERVICE,
        help="with --proxy: the service; default: %(default)s",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        default="watch-out",
        help="with --proxy: where sessions become cassettes; default: %(default)s",
    )
    parser.add_argument(
        "--keep",
        choices=["words", "all"],
        default="words",
        help="with --proxy: all keeps sound and pictures in it, too; default: words",
    )
    parser.add_argument(
        "--tls",
        action="store_true",
        help="speak https:// and wss://, as some clients want (pip install "
        "'voxpipe[tls]'); clients have to trust the certificate that is made at start",
    )
    parser.add_argument(
        "--port",
        type=numbers.port,
        default=8090,  # `voxpipe serve` is on 8080, the simulator on 8081
        help="0 for any that is free; default: %(default)s",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show it until interrupted; returns the exit code."""
    log_to_console()
    anyio.run(watch, arguments)
    return 0


async def watch(arguments: argparse.Namespace) -> None:
    """Show it until cancelled.

    Raises:
        WatchError: there is nothing to show.
        TransportError: the port cannot be had.
    """
    if not arguments.proxy:
        files: list[Path] = arguments.files
        if not files:
            raise WatchError("expected files to open, or --proxy: voxpipe watch --help")
        board, proxy = Board(", ".join(path.name for path in files)), None
        open_files(board, files)
    else:
        board = Board("proxy")
        out = Path(arguments.out)
        proxy = Proxy(arguments.to, board, folder=out, keep=arguments.keep)
    await _serve(board, proxy, arguments)


async def _serve(
    board: Board, proxy: Proxy | None, arguments: argparse.Namespace
) -> None:
    with TemporaryDirectory(prefix="voxpipe-") as folder:
        tls = None
        ca_file = Path(folder, "ca.pem")
        if arguments.tls:
            tls = LocalAuthority(arguments.host)
            tls.write(ca_file)
        window = Window(
            board,
            host=arguments.host,
            port=arguments.port,
            proxy=proxy,
            tls=None if tls is None else tls.context,
        )
        async with window.opened():
            print("\n".join(_lines(window, proxy)))
            if tls is not None:
                print(f"  export NODE_EXTRA_CA_CERTS={ca_file} SSL_CERT_FILE={ca_file}")
            if not is_loopback(arguments.host):
                print("\nWho knows the link, and can reach this machine, can look.")
            print("\nCtrl-C ends it.", flush=True)
            await anyio.sleep_forever()


def _lines(window: Window, proxy: Proxy | None) -> Sequence[str]:
    if proxy is None:
        return (f"Look: {window.link}",)
    return (
        f"Look: {window.link}",
        "",
        f"In front of {proxy.host}. For OpenAI's SDKs and for voxpipe:",
        "",
        f"  export OPENAI_BASE_URL={window.url()}/v1",
    )
