"""Tests that are run once for each library under a WebSocket."""

from __future__ import annotations

import pytest

from voxpipe.websocket.choice import SOCKETS


@pytest.fixture(autouse=True, params=["websockets", "picows"])
def sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The library; to be imported into a ``conftest``."""
    library: str = request.param
    monkeypatch.setenv(SOCKETS, library)
    return library


def deselect_picows_on_trio(config: pytest.Config, items: list[pytest.Item]) -> None:
    """It is for asyncio: on trio there would be the same once more."""
    needless = [each for each in items if "trio" in each.name and "picows" in each.name]
    if needless:
        config.hook.pytest_deselected(items=needless)
        items[:] = [each for each in items if each not in set(needless)]
