"""All of these need Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...browser.page.chromium import CURE, installed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.skipif(not installed(), reason=CURE))
