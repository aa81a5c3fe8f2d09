"""The port, with each library under its WebSockets."""

from __future__ import annotations

import pytest

from tests.sockets import deselect_picows_on_trio, sockets

__all__ = ["sockets"]


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    deselect_picows_on_trio(config, items)
