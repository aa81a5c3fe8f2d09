"""Whether JSON can express a session; where it cannot, the place is told.

One value among the schemas of many tools refuses the whole session.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from voxpipe.processors.realtime.errors import ConfigurationError

_MAX_STEPS = 8  # of a place; what is nested without end has no end of them


def check_expressible(session: Mapping[str, Any]) -> None:
    """Whether a session can be asked for.

    Raises:
        ConfigurationError: it says something that JSON lacks, and where.
    """
    error = _error(session)
    if error is not None:
        place = ".".join(_way(session))
        raise ConfigurationError(
            "the session is asked for something that JSON cannot express, at "
            f"{place}: {error}"
        ) from None


def _error(value: object) -> str | None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        return str(error)
    except RecursionError:
        return "it is nested too deep"
    return None


def _way(value: object) -> Iterator[str]:
    for _ in range(_MAX_STEPS):
        wrong = ((n, part) for n, part in _parts(value) if _error(part) is not None)
        step, value = next(wrong, ("", None))
        if not step:
            return
        yield step


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, part in cast("Mapping[object, object]", value).items():
            yield str(key), part
    elif isinstance(value, list | tuple):
        for at, part in enumerate(cast("list[object]", value)):
            named = cast("Mapping[str, object]", part)
            name = named.get("name") if isinstance(part, Mapping) else None
            yield f"{at} ({name})" if isinstance(name, str) else str(at), part
