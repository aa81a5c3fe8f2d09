"""The port, with each library under its WebSockets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sockets import deselect_picows_on_trio, sockets

__all__ = ["sockets"]


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    deselect_picows_on_trio(config, items)


@pytest.fixture(params=["asyncio", "uvloop", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The event loop under test."""
    if request.param == "trio":
        return "trio", {}
    return "asyncio", {"use_uvloop": request.param == "uvloop"}
