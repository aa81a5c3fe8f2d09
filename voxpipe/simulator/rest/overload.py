"""A service that has too much to do, for as many requests as a test wants."""

from __future__ import annotations

from typing import Literal

from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.net.messages import HttpResponse, error_response

# Source: the service's changelog of 2026-09-02; the words are ours.
_REFUSALS = {
    429: Refusal("slow_down", "Your requests come too fast. Send fewer."),
    503: Refusal(
        "server_is_overloaded",
        "Our servers are overloaded. Please try again later.",
        type="server_error",
    ),
}


class Overload:
    """Turns requests away."""

    def __init__(self) -> None:
        self._left = 0
        self._status: Literal[429, 503] = 503
        self._retry_after: int | None = None

    def begin(
        self, status: Literal[429, 503], requests: int, retry_after: int | None
    ) -> None:
        """Turn the next ``requests`` away; `retry_after` in seconds."""
        self._left, self._status, self._retry_after = requests, status, retry_after

    def answer(self) -> HttpResponse | None:
        """What the next request is answered, if it is turned away."""
        if self._left <= 0:
            return None
        self._left -= 1
        headers: tuple[tuple[str, str], ...] = ()
        if self._retry_after is not None:
            headers = (("retry-after", str(self._retry_after)),)
        return error_response(self._status, _REFUSALS[self._status], headers)
