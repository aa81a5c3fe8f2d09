"""Scenes in virtual time on both backends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ..processors.realtime.loops import BACKENDS, Backend, run_virtually
from .calls import Run


@pytest.fixture(params=BACKENDS)
def in_time(request: pytest.FixtureRequest) -> Run:
    """Runs a scene in virtual time."""
    backend: Backend = request.param

    def run(scene: Callable[[], Awaitable[Any]]) -> Any:
        return run_virtually(backend, scene)

    return run
