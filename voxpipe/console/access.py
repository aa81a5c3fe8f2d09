"""Who may call a server that is about to start: decided before it listens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from voxpipe.pipeline import VoxpipeError
from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.transports.telephony.carrier.carrier import Carrier

from .phones import carriers

LOOPBACK = "127.0.0.1"


class AccessError(VoxpipeError):
    """Anybody could place calls at your cost; says the cure."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call, and where.

    Attributes:
        host: where the server is to listen.
        public_url: under which carriers reach the server; ``None`` where they do not.
        carriers: with what they are known by, or without where nobody checks.
        is_near: only this machine reaches the port by itself.
        insecure: nobody checks, although somebody might call.
        line: for the start-up message.
    """

    host: str
    public_url: str | None
    carriers: Sequence[Carrier] = field(repr=False)
    is_near: bool
    insecure: bool
    line: str


def access(
    host: str,
    *,
    public_url: str | None,
    environment: Mapping[str, str],
    insecure: bool,
) -> Access:
    """Decide who may call.

    Args:
        host: where the server is to listen.
        public_url: as it was given.
        environment: in which carriers' credentials are.
        insecure: ``--insecure`` was given.

    Raises:
        AccessError: anybody could, and nobody has said that they may.
        ConfigurationError: credentials that are needed, and cannot be used.
    """
    is_near = is_loopback(host)
    those = carriers({} if insecure or public_url is None else environment)
    known = [f"{each.name}'s" for each in those if each.is_known]
    if insecure:
        why = "ANYBODY who reaches this server can place calls at your cost"
        if public_url is None and is_near:
            why = "only this machine can reach it, and whom a tunnel lets in"
        line = f"off (--insecure): {why}"
    elif public_url is not None:
        if not known:
            raise AccessError(
                "--public-url without TWILIO_AUTH_TOKEN, or another carrier's "
                "credentials: anybody could place calls at your cost. Set them in the "
                "environment (Twilio's console: Account info; for the others see "
                "--help), or say --insecure if nobody else can reach this server"
            )
        line = f"on: {', '.join(known)} signature, and a ticket for each stream"
    elif is_near:
        line = "off: only this machine can call; --public-url switches them on"
    else:
        raise AccessError(
            f"--host {host} can be reached by others, and nobody would be checked: "
            "give --public-url https://… and TWILIO_AUTH_TOKEN, or another carrier's "
            f"credentials, listen on {LOOPBACK}, or say --insecure"
        )
    return Access(host, public_url, those, is_near, insecure, line)
