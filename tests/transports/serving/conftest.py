"""The server runs on two event loops: trio has none of asyncio's protocols."""

from __future__ import annotations

from typing import Any

import pytest

from ...sockets import sockets

__all__ = ["anyio_backend", "sockets"]


@pytest.fixture(
    params=[False, True], ids=["asyncio", "uvloop"]
)  # as `voxpipe serve` chooses
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The event loop under test."""
    return "asyncio", {"use_uvloop": request.param}
