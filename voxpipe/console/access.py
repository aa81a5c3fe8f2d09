"""Who may call a server that is about to start: decided before it listens."""

from __future__ import annotations

from dataclasses import dataclass, field

from voxpipe.pipeline import VoxpipeError
from voxpipe.pipeline.runtime.hosts import is_loopback

LOOPBACK = "127.0.0.1"


class AccessError(VoxpipeError):
    """Anybody could place calls at your cost; says the cure."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call.

    Attributes:
        public_url: under which Twilio reaches the server; ``None`` where it does not.
        auth_token: to know Twilio by; ``None`` where nobody checks.
        insecure: nobody checks, although somebody might call.
        line: for the start-up message.
    """

    public_url: str | None
    auth_token: str | None = field(repr=False)
    insecure: bool
    line: str


def access(
    host: str, *, public_url: str | None, auth_token: str | None, insecure: bool
) -> Access:
    """Decide who may call.

    Args:
        host: where the server is to listen.
        public_url: as it was given.
        auth_token: of the Twilio account.
        insecure: ``--insecure`` was given.

    Raises:
        AccessError: anybody could, and nobody has said that they may.
    """
    if insecure:
        if public_url is None and is_loopback(host):
            why = "only this machine can reach it, and whom a tunnel lets in"
        else:
            why = "ANYBODY who reaches this server can place calls at your cost"
        return Access(public_url, None, True, f"off (--insecure): {why}")
    if public_url is not None and auth_token:
        line = "on: Twilio's signature, and a ticket for each stream"
        return Access(public_url, auth_token, False, line)
    if public_url is not None:
        raise AccessError(
            "--public-url without TWILIO_AUTH_TOKEN: anybody could place calls at your "
            "cost. Set it in the environment (Twilio's console: Account info), or say "
            "--insecure if nobody else can reach this server"
        )
    if not is_loopback(host):
        raise AccessError(
            f"--host {host} can be reached by others, and nobody would be checked: "
            "give --public-url https://… and TWILIO_AUTH_TOKEN, listen on "
            f"{LOOPBACK}, or say --insecure"
        )
    line = "off: only this machine can call; --public-url switches them on"
    return Access(None, None, False, line)
