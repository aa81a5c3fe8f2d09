"""What is refused is told, though not as often as somebody may like to try."""

from __future__ import annotations

import logging

from anyio import current_time

from voxpipe.transports.asgi import AsgiApp, Receive, Scope, Send

from .asgi import respond
from .forms import BadRequest

LOG_INTERVAL = 10.0  # seconds between two lines of one kind
RETRY_AFTER = 5  # seconds until who could not be served now should ask again

logger = logging.getLogger("voxpipe.calls")


class Refusals:
    """Counts what is refused, and tells of each kind now and then.

    Attributes:
        count: of all kinds.
    """

    def __init__(self) -> None:
        self.count = 0
        self._told: dict[str, float] = {}  # a kind, and when; kinds are our own texts
        self._since: dict[str, int] = {}

    def note(self, kind: str, detail: str = "") -> None:
        """One more of this kind.

        Args:
            kind: what was expected; a fixed text, so that there are not many.
            detail: more about it, such as numbers; never what people said.
        """
        self.count += 1
        now = current_time()
        if now < self._told.get(kind, now):
            self._since[kind] = self._since.get(kind, 0) + 1
            return
        self._told[kind] = now + LOG_INTERVAL
        more = self._since.pop(kind, 0)
        others = f" (and {more} others since the last such line)" if more else ""
        logger.warning("refused: %s%s%s", kind, detail and f": {detail}", others)

    async def answer(
        self, app: AsgiApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Have ``app`` answer a request, and tell what `BadRequest` it raises, too."""
        try:
            await app(scope, receive, send)
        except BadRequest as error:
            self.note(str(error))
            retry = {"retry-after": str(RETRY_AFTER)} if error.status == 503 else None
            await respond(send, error.status, f"{error}\n", headers=retry)
