"""Every asynchronous test runs on asyncio and on trio, and no test races a clock."""

from __future__ import annotations

import pytest
from hypothesis import settings

# An example that is slow on a busy machine proves nothing.
settings.register_profile("voxpipe", deadline=None)
settings.load_profile("voxpipe")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The event loop under test."""
    return str(request.param)
