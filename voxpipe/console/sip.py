"""``voxpipe serve --sip``: a SIP line beside the webhooks, on the same switchboard."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
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
    parser.add_argument(
        "--sip-users",
        type=Path,
        metavar="FILE",
        help="ask everybody else for a password: NAME:PASSWORD in each line of this "
        "file, or of SIP_USERS",
    )
    parser.add_argument(
        "--sip-digest",
        choices=["SHA-256", "MD5"],
        help="by which they prove it, if not by either: some older phones know MD5 "
        "alone",
    )


def sip_line(arguments: argparse.Namespace) -> SipLine | None:
    """The line that is asked for.

    Raises:
        AppError: sipmessage is not installed, or options without ``--sip``.
        ConfigurationError: anybody could call; says the cure.
    """
    if arguments.sip is None:
        if arguments.sip_trunk or arguments.sip_allow or arguments.sip_users:
            raise AppError("--sip-trunk, -allow and -users are for a line: give --sip")
        return None
    try:
        from voxpipe.transports.sip import SipLine, Trunk
        from voxpipe.transports.sip.protocol.digest import ALGORITHMS
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
        users=_users(arguments.sip_users),
        digests=(arguments.sip_digest,) if arguments.sip_digest else ALGORITHMS,
    )


def _users(path: Path | None) -> dict[str, str]:
    """Who may call, by name; what is wrong is told without a word of it."""
    where = "SIP_USERS" if path is None else str(path)
    try:
        text = os.environ.get(where, "") if path is None else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AppError(f"{where} cannot be read: {type(error).__name__}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, _, password = line.strip().partition(":")
        if line.strip() and not (name and password):
            raise AppError(f"{where}, line {number}: expected NAME:PASSWORD, got other")
        if name:
            found[name] = password
    if path is not None and not found:
        raise AppError(f"{where}: expected NAME:PASSWORD in a line, got none")
    return found


@asynccontextmanager
async def sip_served(line: SipLine, board: Switchboard) -> AsyncGenerator[str]:
    """Serve a line; yields what to say of it."""
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
