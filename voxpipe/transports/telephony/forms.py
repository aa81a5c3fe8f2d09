"""The form that a webhook posts: read with bounds, and parsed strictly."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qsl

from anyio import move_on_after

from voxpipe.transports.asgi import Receive, Scope

from .asgi import header

MAX_BODY = 65_536  # bytes
MAX_FIELDS = 256  # Twilio sends some thirty
BODY_TIMEOUT = 5.0  # seconds from the headers to the last of the body
_FORM = "application/x-www-form-urlencoded"

Form = list[tuple[str, str]]
"""Names and values, in the order in which they came."""


class BadRequest(Exception):
    """A request that cannot be answered; says what was expected, not what came.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def form_of(scope: Scope, body: bytes) -> Form:
    """The fields that were posted.

    Raises:
        BadRequest: another kind of body, or no form.
    """
    kind = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise BadRequest(415, f"expected a body of type {_FORM}")
    return parse_form(body)


def parse_form(body: bytes) -> Form:
    """The fields of a form.

    Raises:
        BadRequest: it is no form, or one with too many fields.
    """
    if not body:
        return []
    if body.count(b"&") >= MAX_FIELDS:
        raise BadRequest(400, f"expected a form of at most {MAX_FIELDS} fields")
    fields: Form | None = None
    with suppress(ValueError):
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
        )
    # Raised here, so that it does not carry the error above, which knows the body.
    if fields is None:
        raise BadRequest(400, "expected a form of names and values, percent-encoded")
    return fields


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """What was posted, at most 65,536 bytes of it, within five seconds.

    Raises:
        BadRequest: too much, too late, or not to the end.
    """
    too_large = BadRequest(413, f"expected a body of at most {MAX_BODY} bytes")
    announced = header(scope, b"content-length") or ""
    if announced.isdecimal() and int(announced[:20]) > MAX_BODY:
        raise too_large
    body = bytearray()
    with move_on_after(BODY_TIMEOUT):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BadRequest(400, "expected a body, and the connection has ended")
            body += message.get("body", b"")
            if len(body) > MAX_BODY:
                raise too_large
            if not message.get("more_body", False):
                return bytes(body)
    raise BadRequest(408, f"expected the body within {BODY_TIMEOUT:g} s")
