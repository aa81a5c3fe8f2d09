"""An HTTP request and its answer, without the network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from websockets.datastructures import Headers

from voxpipe.simulator.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as it came.

    Attributes:
        target: path and query, percent-encoded.
        headers: the first of each name; looked up without regard to case.
        body: all of it; bounded by the connection.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What a request is answered with.

    Attributes:
        headers: beside ``content-type``, ``content-length`` and ``date``.
    """

    status: int = 200
    body: bytes = b""
    type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class HttpError(Exception):
    """A request that is answered with an error.

    Attributes:
        response: the status, and the error in the service's JSON.
    """

    def __init__(
        self,
        status: int,
        refusal: Refusal,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(refusal.message)
        self.response = error_response(status, refusal, headers)


def json_response(value: object) -> HttpResponse:
    """An answer of JSON."""
    return HttpResponse(body=json.dumps(value).encode())


def error_response(
    status: int, refusal: Refusal, headers: tuple[tuple[str, str], ...] = ()
) -> HttpResponse:
    """An error in the shape in which the service gives one."""
    error: dict[str, Any] = refusal.body()
    error.pop("event_id")  # only events have one
    body = json.dumps({"error": error}).encode()
    return HttpResponse(status=status, body=body, headers=headers)


def first_values(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Headers, whatever the case of their names; the first one of repeats.

    Offered sub-protocols are a list, and all of them count.
    """
    first = Headers()
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1")
        if name not in first:
            first[name] = value
        elif name == "sec-websocket-protocol":
            value = f"{first[name]}, {value}"
            del first[name]
            first[name] = value
    return first
