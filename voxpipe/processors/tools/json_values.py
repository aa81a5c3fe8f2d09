"""Whether JSON has a value, and the service's reader of JSON would take it.

One value that it would not costs a whole session, as all tools are told in one message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

MAX_LEVELS = 64  # readers of JSON give up at about 200


def has_json(value: object) -> bool:
    """Whether JSON has ``value``: nothing infinite, of Python's own, or without end."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return _ends(value, MAX_LEVELS)


def _ends(value: object, levels: int) -> bool:
    parts: list[object] = []
    if isinstance(value, Mapping):
        parts = list(cast("Mapping[object, object]", value).values())
    elif isinstance(value, list | tuple):
        parts = list(cast("list[object]", value))
    return levels > 0 and all(_ends(each, levels - 1) for each in parts)
