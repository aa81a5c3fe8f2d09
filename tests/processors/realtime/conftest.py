"""Conversations on either event loop."""

from __future__ import annotations

import pytest

from .loops import BACKENDS, Backend
from .talk import chosen


@pytest.fixture(params=BACKENDS)
def either_loop(request: pytest.FixtureRequest) -> Backend:
    """The loop that `talk.run_virtual` takes in this test."""
    chosen[:] = [request.param]
    return chosen[0]
