"""Scenes in virtual time on both backends, and what was logged of their calls."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ...processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)

LINE = re.compile(
    r"call=[0-9a-f]{8} end=(\w+) seconds=(\d+\.\d) replies=(\d+) cost_usd=(\S+)"
    r"(?: \w+=\d+)*"
)


@pytest.fixture(params=BACKENDS)
def in_time(request: pytest.FixtureRequest) -> Callable[[Callable[[], Any]], Any]:
    """Runs a scene in virtual time."""
    backend: Backend = request.param

    def run(scene: Callable[[], Awaitable[Any]]) -> Any:
        return run_virtually(backend, scene)

    return run


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, ...]]]:
    """What was logged of each call: end, seconds, turns and cost."""
    caplog.set_level(logging.DEBUG)

    def lines() -> list[tuple[str, ...]]:
        infos = [each for each in caplog.records if each.levelname == "INFO"]
        assert {each.name for each in infos} <= {"voxpipe.calls"}
        found = [LINE.fullmatch(each.getMessage()) for each in infos]
        return [each.groups() for each in found if each is not None]

    return lines
