"""A matrix of which each run takes a few members, and `make test-slow` the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def mostly_slow(values: Iterable[Any], is_quick: Callable[[Any], bool]) -> list[Any]:
    """As parameters of a test: those that are not quick are marked as slow."""
    return [
        each if is_quick(each) else pytest.param(each, marks=pytest.mark.slow)
        for each in values
    ]
