"""What can be wrong with a session before there is one."""

from __future__ import annotations

from voxpipe.pipeline import ConfigurationError as ConfigurationError
from voxpipe.pipeline import TransportError


class SessionRefused(TransportError):
    """The service would not open the session, or not as it was asked for.

    Attributes:
        code: the service's word for it, such as ``invalid_api_key``.
        param: the setting that it did not like, if it named one.
    """

    def __init__(self, code: str, param: str | None, cure: str) -> None:
        where = f" ({param})" if param else ""
        super().__init__(f"the service refused the session: {code}{where}{cure}")
        self.code = code
        self.param = param


class UpdateRefused(TransportError):
    """The service would not change the session; all is as it was.

    Attributes:
        code: the service's word for it, such as ``cannot_update_voice``.
        param: the setting that it did not like, if it named one.
    """

    def __init__(self, code: str, param: str | None) -> None:
        where = f" ({param})" if param else ""
        super().__init__(f"the service refused the update: {code}{where}")
        self.code = code
        self.param = param


class ItemRefused(TransportError):
    """The service would not do what was asked of an item.

    Attributes:
        item_id: the item.
        code: the service's word for it, such as ``item_delete_invalid_item_id``.
        param: the field that it did not like, if it named one.
    """

    def __init__(self, what: str, item_id: str, code: str, param: str | None) -> None:
        where = f" ({param})" if param else ""
        cure = _ITEM_CURES.get(code, "")
        super().__init__(
            f"the service refused to {what} the item {item_id[:64]!r}: "
            f"{code}{where}{cure}"
        )
        self.item_id = item_id
        self.code = code
        self.param = param


_GONE = ": there is no such item, or no more; `Realtime.history` has those that are"
_ITEM_CURES = {
    "item_delete_invalid_item_id": _GONE,
    "item_retrieve_invalid_item_id": _GONE,
    "item_truncate_invalid_item_id": _GONE,
    "unsupported_content_type": ": only what the model has spoken can be truncated",
    "item_already_truncated": ": it can be truncated once",
}
