"""What can be wrong with a session before there is one, and what it refuses."""

from __future__ import annotations

from voxpipe.pipeline import ConfigurationError as ConfigurationError
from voxpipe.pipeline import TransportError


class ServiceRefused(TransportError):
    """The service would not do what it was asked for.

    Attributes:
        code: the service's word for it, such as ``invalid_api_key``; may be empty.
        param: what it did not like, if it named something.
    """

    def __init__(self, message: str, code: str, param: str | None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class SessionRefused(ServiceRefused):
    """The service would not open the session, or not as it was asked for.

    Attributes:
        status: of HTTP, if the connection itself was refused; else 0.
        retry_after: seconds after which it may be asked again, if it said so.
    """

    def __init__(
        self,
        message: str,
        code: str,
        param: str | None = None,
        *,
        status: int = 0,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code, param)
        self.status = status
        self.retry_after = retry_after


class UpdateRefused(ServiceRefused):
    """The service would not change the session; all is as it was."""

    def __init__(self, code: str, param: str | None) -> None:
        super().__init__(refused("the update", code, param), code, param)


class ItemRefused(ServiceRefused):
    """The service would not do what was asked of an item.

    Attributes:
        item_id: the item.
    """

    def __init__(self, what: str, item_id: str, code: str, param: str | None) -> None:
        what = f"to {what} the item {item_id[:64]!r}"
        cure = _ITEM_CURES.get(code, "")
        super().__init__(refused(what, code, param, cure), code, param)
        self.item_id = item_id


def refused(what: str, code: str, param: str | None, cure: str = "") -> str:
    """What is to be said of it."""
    where = f" ({param})" if param else ""
    return f"the service refused {what}: {code}{where}{cure}"


_GONE = ": there is no such item, or no more; `Realtime.history` has those that are"
_ITEM_CURES = {
    "item_delete_invalid_item_id": _GONE,
    "item_retrieve_invalid_item_id": _GONE,
    "item_truncate_invalid_item_id": _GONE,
    "unsupported_content_type": ": only what the model has spoken can be truncated",
    "item_already_truncated": ": it can be truncated once",
}
