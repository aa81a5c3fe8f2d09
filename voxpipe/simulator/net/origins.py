"""Which web pages may use the simulator: those of this machine, and those named.

Any page that a browser shows can open a WebSocket to this machine, and send it a form.
Other programs send no ``Origin``.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.simulator.errors import Refusal, quoted

from .messages import HttpError, HttpRequest


def check_origin(request: HttpRequest, known: Collection[str]) -> None:
    """Let a request pass that is of no web page, or of one that may.

    Args:
        request: as it came.
        known: origins that may beside those of this machine: ``https://app.example``.

    Raises:
        HttpError: it is another's (403).
    """
    origin = request.headers.get("origin")
    if origin is None or origin in known or _is_here(origin):
        return
    raise HttpError(
        403,
        Refusal(
            "origin_not_allowed",
            f"Pages of {quoted(origin)} may not use this simulator: start it with "
            "--origin, or Simulator(origins=[...]), if they are yours.",
        ),
    )


def _is_here(origin: str) -> bool:
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    return is_loopback(host) or host.endswith(".localhost")
