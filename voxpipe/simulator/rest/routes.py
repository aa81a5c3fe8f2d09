"""Which request is answered by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import repeat
from typing import Literal

from voxpipe.simulator.errors import BadKey, Refusal
from voxpipe.simulator.net.admission import SESSION_PATHS, key_of
from voxpipe.simulator.net.keys import Keys
from voxpipe.simulator.net.messages import (
    HttpError,
    HttpRequest,
    HttpResponse,
    error_response,
)

Endpoint = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""Answers a request whose key is good; may raise `Refusal` (400) and `HttpError`."""

# Source: the service's changelog of 2026-09-02; the words are ours.
_OVERLOADED = {
    429: Refusal("slow_down", "Your requests come too fast. Send fewer."),
    503: Refusal(
        "server_is_overloaded",
        "Our servers are overloaded. Please try again later.",
        type="server_error",
    ),
}


class Routes:
    """Answers what clients ask over REST.

    Args:
        keys: the ones that are good.
        posts: what answers a ``POST``, by path; ``*`` stands for any one segment.
    """

    def __init__(self, keys: Keys, posts: Mapping[str, Endpoint]) -> None:
        self._keys = keys
        self._posts = posts
        self._busy: Iterator[HttpResponse] = iter(())  # for the next requests

    def turn_away(
        self, status: Literal[429, 503], requests: int, retry_after: int | None
    ) -> None:
        """Turn the next ``requests`` away; `retry_after` in seconds."""
        headers = () if retry_after is None else (("retry-after", str(retry_after)),)
        busy = error_response(status, _OVERLOADED[status], headers)
        self._busy = repeat(busy, requests)

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer a request, with an error when it cannot be followed."""
        endpoint = self._find(request)
        try:
            self._keys.check(key_of(request.headers))
            return next(self._busy, None) or await endpoint(request)
        except Refusal as refusal:
            status = 401 if isinstance(refusal, BadKey) else 400
            return error_response(status, refusal)

    def _find(self, request: HttpRequest) -> Endpoint:
        for pattern, endpoint in self._posts.items():
            if _matches(pattern, request.path):
                if request.method == "POST":
                    return endpoint
                allowed = Refusal(
                    "method_not_allowed",
                    f"Not allowed to {request.method} on {pattern} (HINT: Perhaps you "
                    "meant to use a different HTTP method?)",
                )
                raise HttpError(405, allowed)
        raise nothing_at(request)


def nothing_at(request: HttpRequest) -> HttpError:
    """There is no such thing here; with what there is."""
    sessions = ", ".join(SESSION_PATHS)
    cure = "" if request.path.startswith("/v1/") else " Does your base URL end in /v1?"
    return HttpError(
        404,
        Refusal(
            None,
            f"Invalid URL ({request.method} {request.path[:80]}): this simulator opens "
            f"sessions at {sessions}, and has what docs/simulator.md lists.{cure}",
        ),
    )


def _matches(pattern: str, path: str) -> bool:
    wanted, given = pattern.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        want in ("*", have) for want, have in zip(wanted, given, strict=True)
    )
