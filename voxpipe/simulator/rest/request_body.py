"""What is in a request, read and checked at one place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast

from voxpipe.simulator.errors import Refusal, quoted
from voxpipe.simulator.net.messages import HttpError, HttpRequest
from voxpipe.simulator.protocol.json_types import is_object, not_json
from voxpipe.simulator.protocol.schema import text
from voxpipe.simulator.protocol.session_schema import MODELS

DEFAULT_MODEL = "gpt-realtime"
_MAX_FORM = 4 * 1024 * 1024  # bytes


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body; an empty one when there is no body.

    Raises:
        HttpError: it is something else.
    """
    return parse_object(request.body) if request.body.strip() else {}


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object.

    Raises:
        HttpError: it is something else.
    """
    try:
        value = json.loads(body, parse_constant=not_json)
    except (ValueError, RecursionError):
        raise HttpError(
            400,
            Refusal(
                None,
                "We could not parse the JSON body of your request. (HINT: This likely "
                "means you aren't using your HTTP library correctly. The API expects a "
                "JSON payload.)",
            ),
        ) from None
    if not is_object(value):
        raise HttpError(400, Refusal(None, "Invalid body: expected a JSON object."))
    return value


def media_type(request: HttpRequest) -> str:
    """What the body is, without parameters: ``application/json``."""
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    return header.get_content_type()


def form_fields(request: HttpRequest) -> dict[str, bytes]:
    """The fields of a ``multipart/form-data`` body, the last of each name.

    Raises:
        HttpError: it is none, or longer than an offer and a session can be.
    """
    if len(request.body) > _MAX_FORM:
        raise HttpError(
            413, Refusal(None, f"At most {_MAX_FORM} bytes of form are taken.")
        )
    type = request.headers.get("content-type", "").encode("latin-1", "replace")
    whole = b"content-type: " + type + b"\r\n\r\n" + request.body
    form = BytesParser(policy=HTTP).parsebytes(whole)
    if not form.is_multipart():
        raise HttpError(
            400, Refusal(None, "Invalid body: expected multipart/form-data with 'sdp'.")
        )
    fields: dict[str, bytes] = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            fields[name] = cast(bytes, part.get_payload(decode=True) or b"")
    return fields


def check_model(model: Any, known: Sequence[str] = MODELS) -> str:
    """A model that a session can be asked for with.

    Raises:
        Refusal: the service does not know it.
    """
    name: str = text(128)(model, "session.model")
    if name not in known:
        raise Refusal(
            "invalid_model",
            f"Model {quoted(name)} is not supported here. Supported models "
            f"are: {', '.join(known)}.",
            "session.model",
        )
    return name
