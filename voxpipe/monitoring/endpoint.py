"""`/metrics`: what is told to Prometheus, and to whom."""

from __future__ import annotations

import hmac

from voxpipe.transports.asgi import AsgiApp, Receive, Scope, Send
from voxpipe.transports.telephony.asgi import header, respond, split_path
from voxpipe.transports.telephony.carrier.nearby import why_elsewhere

from .prometheus import KIND, Prometheus

PATH = "/metrics"
_ELSEWHERE = (
    "expected a client on this machine, and no proxy or tunnel between: set "
    "METRICS_TOKEN, and bring it as `Authorization: Bearer`\n"
)


class WithMetrics:
    """Answers at ``/metrics``: who brings the token, or else this machine only.

    How much is going on, and what it costs, is nobody else's business.

    Args:
        figures: to be told.
        token: what ``Authorization: Bearer`` must bring; empty: there is none.
        app: answers everything else.
    """

    def __init__(self, figures: Prometheus, token: str, app: AsgiApp) -> None:
        self._figures = figures
        self._expected = f"Bearer {token}".encode() if token else None
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        if scope["type"] != "http" or split_path(scope)[1] != PATH:
            await self._app(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await respond(send, 405, "expected GET\n", headers={"allow": "GET, HEAD"})
        elif self._expected is None and why_elsewhere(scope) is not None:
            await respond(send, 403, _ELSEWHERE)
        elif self._expected is not None and not self._is_known(scope):
            await respond(
                send,
                401,
                "expected `Authorization: Bearer`, and METRICS_TOKEN\n",
                headers={"www-authenticate": "Bearer"},
            )
        else:
            kind = KIND.partition("; charset=")[0]  # `respond` adds it
            await respond(send, 200, self._figures.text(), kind=kind)

    def _is_known(self, scope: Scope) -> bool:
        given = (header(scope, b"authorization") or "").encode("latin-1")
        return hmac.compare_digest(given, self._expected or b"")
