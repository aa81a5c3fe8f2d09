"""aiortc runs on asyncio, and our server does, too."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The event loop under test."""
    return "asyncio"
