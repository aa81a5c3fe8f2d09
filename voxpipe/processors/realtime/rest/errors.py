"""What a REST request can end with, in words that hold neither keys nor bodies."""

from __future__ import annotations

from collections.abc import Mapping

from voxpipe.pipeline import TransportError
from voxpipe.processors.realtime.connect.refusal import code_of, wait_of

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
        status: of the answer, 300 or more.
        headers: of it, looked up without regard to case.
        body: its JSON, or anything else.
    """
    sent_on = "it sends elsewhere, where no key follows: check the base URL"
    return RestError(
        f"the service refused to {what}",
        status=status,
        code=code_of(body),
        cure=sent_on if 300 <= status < 400 else "",
        retry_after=wait_of(headers),
    )
