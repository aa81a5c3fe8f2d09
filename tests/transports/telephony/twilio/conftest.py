"""Scenes with endpoints: nothing that is secret in them is ever logged."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ....processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)
from .ringing import CALLED, CALLER, TOKEN


@pytest.fixture(params=BACKENDS)
def in_time(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Callable[[Callable[[], Any]], Any]:
    """Runs a scene in virtual time, and sees that no secret of it is logged."""
    backend: Backend = request.param
    caplog.set_level(logging.DEBUG)

    def run(scene: Callable[[], Awaitable[Any]]) -> Any:
        result = run_virtually(backend, scene)
        for secret in (TOKEN, CALLER, CALLED, CALLER[-7:], "ticket=", "secret"):
            assert secret not in caplog.text
        return result

    return run
