"""What JSON cannot express of a session is refused, with its place."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest

from voxpipe.processors.realtime import ConfigurationError
from voxpipe.processors.realtime.config.expressible import check_expressible


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("session", "place"),
    [
        ({"a": 1, "b": {"c": math.nan}}, r"at b\.c: "),
        (
            {"tools": [{"name": "f"}, {"name": "g", "x": date.min}]},
            r"tools\.1 \(g\)\.x",
        ),
        ({"tools": [{"name": 3, "x": math.inf}]}, r"at tools\.0\.x: "),
        ({"tools": nested(100_000)}, r"at tools(\.0)+: it is nested too deep"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_json_cannot_express_is_refused_with_its_place(
    session: dict[str, Any], place: str
) -> None:
    with pytest.raises(ConfigurationError, match=place) as refusal:
        check_expressible(session)
    assert len(str(refusal.value)) < 200


def test_what_it_can_express_is_taken() -> None:
    check_expressible({"tools": [{"name": "f", "parameters": nested(50)}], "a": None})
