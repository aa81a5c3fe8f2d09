"""What a REST request can end with, in words that hold neither keys nor bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from voxpipe.pipeline import TransportError

LONGEST_WAIT = 3_600.0  # seconds; what asks for more has not understood the question

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")  # anything else could quote the request
_CURES = {
    400: "something in the request is not to its liking",
    401: "check the API key",
    403: "the key's project may not do this",
    404: "there is no such call any more, or nothing of the kind at this base URL",
    409: "somebody has answered this call already",
    413: "send less",
    429: "ask less often, or wait",
    503: "the service is overloaded: wait",
}


class RestError(TransportError):
    """The service said no, or something that is no answer.

    Attributes:
        status: of HTTP; 0 if there was no answer.
        code: the service's word for it, such as ``slow_down``; may be empty.
        retry_after: seconds after which it may be asked again, if it said so.
    """

    def __init__(
        self,
        what: str,
        *,
        status: int = 0,
        code: str = "",
        cure: str = "",
        retry_after: float | None = None,
    ) -> None:
        cure = cure or _CURES.get(status, "")
        why = " ".join(filter(None, (f"HTTP {status}" if status else "", code)))
        super().__init__(": ".join(filter(None, (what, why, cure))))
        self.status = status
        self.code = code
        self.retry_after = retry_after


def refusal(
    what: str, status: int, headers: Mapping[str, str], body: object
) -> RestError:
    """The error that an answer amounts to.

    Args:
        what: was asked for.
        status: of the answer, 400 or more.
        headers: of it, looked up without regard to case.
        body: its JSON, or anything else.
    """
    return RestError(
        f"the service refused to {what}",
        status=status,
        code=_code(body),
        retry_after=_wait(headers),
    )


def _code(body: object) -> str:
    error: object = _field(body, "error")
    for name in ("code", "type"):
        value = _field(error, name)
        if isinstance(value, str) and _CODE.fullmatch(value):
            return value
    return ""


def _field(value: object, name: str) -> object:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, as the service says them in one of three ways."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1_000, LONGEST_WAIT)
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is None and text:
        try:
            then = parsedate_to_datetime(text)
        except ValueError:
            return None
        if then.tzinfo is None:
            then = then.replace(tzinfo=UTC)
        seconds = max(0.0, (then - datetime.now(UTC)).total_seconds())
    return None if seconds is None else min(seconds, LONGEST_WAIT)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) else None
