"""Why a carrier has not placed a call, in words without keys and numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from voxpipe.pipeline import TransportError

LONGEST_WAIT = 3_600.0  # seconds; what asks for more has not understood the question

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,32}")  # anything else could quote the request
_CURES = {
    400: "something in the request is not to its liking; its documentation lists codes",
    402: "the account has no credit left",
    404: "there is no such account, or nothing of the kind at this base URL",
    422: "something in the request is not to its liking; its documentation lists codes",
}


class PlacingError(TransportError):
    """The carrier has not done what it was asked to, or has not answered.

    Attributes:
        status: of HTTP; 0 if there was no answer.
        code: the carrier's number for what was wrong; may be empty.
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
        why = " ".join(
            filter(
                None, (f"HTTP {status}" if status else "", code and f"(code {code})")
            )
        )
        cure = cure or _CURES.get(status, "")
        super().__init__(": ".join(filter(None, (what, why, cure))))
        self.status = status
        self.code = code
        self.retry_after = retry_after


class NotAuthorized(PlacingError):
    """It does not know us, or we may not do this."""


class NumberRefused(PlacingError):
    """It does not call that number, or not from this one."""


class TooManyRequests(PlacingError):
    """It was asked too often; nothing was done, and it may be asked again later."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a carrier's own words for a refusal amount to.

    Attributes:
        code: its number for it.
        is_about_number: it is one of the two numbers that it does not like.
    """

    code: str = ""
    is_about_number: bool = False


def refused(
    what: str, status: int, headers: Mapping[str, str], refusal: Refusal
) -> PlacingError:
    """The error that an answer amounts to.

    Args:
        what: was asked for, and of whom.
        status: of HTTP.
        headers: of the answer, looked up without regard to case.
        refusal: what its body has said.
    """
    kind, cure = PlacingError, ""
    if status == 429:
        kind, cure = TooManyRequests, "ask less often, or wait"
    elif refusal.is_about_number:
        kind = NumberRefused
        cure = (
            "it does not call that number, or not from this one: see its console for "
            "the countries that are allowed, and the numbers that are yours"
        )
    elif status in (401, 403):
        kind = NotAuthorized
        cure = "check the account and its key, and whether it may place calls"
    elif 300 <= status < 400:
        cure = "it sends elsewhere, where no key follows: check the base URL"
    code = refusal.code if _CODE.fullmatch(refusal.code) else ""
    wait = headers.get("retry-after", "")
    seconds = float(wait) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", wait) else None
    return kind(
        what,
        status=status,
        code=code,
        cure=cure,
        retry_after=None if seconds is None else min(seconds, LONGEST_WAIT),
    )
