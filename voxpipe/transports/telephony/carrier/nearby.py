"""Whether a request is of this machine: all that keeps strangers out without checks.

To listen on loopback does not, once a tunnel or a proxy leads there, or a web page
whose name points there ("DNS rebinding"). What comes by those names another host, or
bears the headers in which they say for whom they ask.
"""

from __future__ import annotations

import re

from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.transports.asgi import Scope
from voxpipe.transports.telephony.asgi import header

# RFC 7239 and 9110, those in use before, and what Cloudflare's tunnel adds.
_PASSED_ON = re.compile(
    rb"forwarded|via|x-forwarded-.+|x-(real|client|original)-.+|cf-.+|true-client-ip"
)
_PORT = re.compile(r":[0-9]*\Z")
_CURE = (
    "; nobody is checked here: give public_url and the carrier's credentials (voxpipe "
    "serve: --public-url and TWILIO_AUTH_TOKEN or another's), or let anybody call by "
    "insecure=True (--insecure)"
)


def why_elsewhere(scope: Scope) -> str | None:
    """Why a request is not of this machine, and the cure; ``None`` if it is."""
    if not _is_here(header(scope, b"host") or "") or _comes_from_afar(scope):
        return "expected a Host that is this machine, and a client on it" + _CURE
    if any(_PASSED_ON.fullmatch(name) for name, _ in scope["headers"]):
        return "expected a request that no proxy or tunnel has passed on" + _CURE
    return None


def _is_here(host: str) -> bool:
    name = _PORT.sub("", host.lower())
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    return is_loopback(name)


def _comes_from_afar(scope: Scope) -> bool:
    client: tuple[str, int] | None = scope.get("client")  # none of a Unix socket
    return client is not None and client[0] != "" and not is_loopback(client[0])
