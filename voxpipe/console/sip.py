"""``voxpipe serve --sip``: a SIP line beside the webhooks, on the same switchboard."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from anyio import create_task_group

from voxpipe.transports.telephony import Switchboard

from .app import AppError

if TYPE_CHECKING:
    from voxpipe.transports.sip import SipLine

SIP_PORT = 5060
_PLACE = re.compile(r"(?:([^\s@]+)@)?(\[[0-9a-fA-F:]+\]|[^\s:@]+)(?::(\d{1,5}))?")


def add_arguments(parser: Any) -> None:
    """Add those of a SIP line."""
    parser.add_argument(
        "--sip",
        type=_address,
        metavar="ADDRESS[:PORT]",
        help="answer SIP calls too, at an IP address of this machine",
    )
    parser.add_argument(
        "--sip-trunk",
        type=_place,
        metavar="[USER@]HOST[:PORT]",
        help="register there, and let it call; its password is SIP_PASSWORD",
    )
    parser.add_argument(
        "--sip-allow",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="let an address or a network call by SIP; may be repeated",
    )


def sip_line(arguments: argparse.Namespace) -> SipLine | None:
    """The line that is asked for.

    Raises:
        AppError: sipmessage is not installed, or options without ``--sip``.
        ConfigurationError: anybody could call; says the cure.
    """
    if arguments.sip is None:
        if arguments.sip_trunk or arguments.sip_allow:
            raise AppError("--sip-trunk and --sip-allow are for a line: give --sip")
        return None
    try:
        from voxpipe.transports.sip import SipLine, Trunk
    except ImportError as error:
        raise AppError(str(error)) from None
    _, host, port = arguments.sip
    trunk = None
    if arguments.sip_trunk is not None:
        username, there, its_port = arguments.sip_trunk
        password = os.environ.get("SIP_PASSWORD", "")
        trunk = Trunk(there, its_port or SIP_PORT, username=username, password=password)
    return SipLine(
        host,
        SIP_PORT if port is None else port,
        trunk=trunk,
        allow=arguments.sip_allow,
    )


@asynccontextmanager
async def sip_served(line: SipLine | None, board: Switchboard) -> AsyncGenerator[str]:
    """Serve a line, if there is one; yields what to say of it."""
    if line is None:
        yield ""
        return
    async with line, create_task_group() as tasks:
        tasks.start_soon(line.serve, board)
        yield f"  sip       {line.host}:{line.port}, UDP and TCP\n"
        tasks.cancel_scope.cancel()


def _address(text: str) -> tuple[str, str, int | None]:
    place = _place(text)
    if place[0]:
        raise argparse.ArgumentTypeError(
            f"expected ADDRESS[:PORT], such as 127.0.0.1:5060, got {text!r}"
        )
    return place


def _place(text: str) -> tuple[str, str, int | None]:
    found = _PLACE.fullmatch(text)
    if found is None or int(found[3] or 0) > 65_535:
        raise argparse.ArgumentTypeError(
            f"expected [USER@]HOST[:PORT], such as alice@sip.example.com, got {text!r}"
        )
    port = None if found[3] is None else int(found[3])
    return found[1] or "", found[2].strip("[]"), port
