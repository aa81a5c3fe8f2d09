"""What a carrier asks at an endpoint: read whole, before anybody looks at it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from voxpipe.transports.asgi import Receive, Scope
from voxpipe.transports.telephony.asgi import header
from voxpipe.transports.telephony.forms import (
    BadRequest,
    Form,
    form_of,
    parse_form,
    read_body,
)

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """A request of HTTP, or the upgrade to a WebSocket, which is a ``GET``.

    Attributes:
        scope: of ASGI.
        url: that the carrier was given, with its query: what it signs. Empty where
            nothing is checked.
        body: what was posted.
    """

    scope: Scope = field(repr=False)
    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def method(self) -> str:
        """``GET`` or ``POST``."""
        method: str = self.scope.get("method", "GET")
        return method

    def header(self, name: bytes) -> str | None:
        """A header that came once, by its name in lower case; else ``None``."""
        return header(self.scope, name)

    def query(self) -> Form:
        """The names and values of the URL.

        Raises:
            BadRequest: it has others.
        """
        return parse_form(self.scope.get("query_string", b""))

    def posted(self) -> Form:
        """The fields of the form that was posted; none for a ``GET``.

        Raises:
            BadRequest: something else was.
        """
        return form_of(self.scope, self.body) if self.method == "POST" else []

    def form(self) -> Form:
        """The fields that were posted, or of the query for a ``GET``; likewise."""
        return self.posted() if self.method == "POST" else self.query()

    def object(self) -> dict[str, Any]:
        """The JSON object that was posted.

        Raises:
            BadRequest: something else was.
        """
        kind = (self.header(b"content-type") or "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise BadRequest(415, f"expected a body of type {JSON}")
        value: Any = None
        with suppress(ValueError, RecursionError):
            value = json.loads(self.body)
        # Raised here, so that it does not carry the error above, which knows the body.
        if not isinstance(value, dict):
            raise BadRequest(400, "expected a JSON object")
        return cast("dict[str, Any]", value)


async def read_request(scope: Scope, receive: Receive, url: str) -> Request:
    """Read what is asked.

    Raises:
        BadRequest: too much, too late, or not to the end.
    """
    has_body = scope["method"] == "POST"
    return Request(scope, url, await read_body(scope, receive) if has_body else b"")
