"""Every asynchronous test runs on asyncio and on trio, and no test races a clock.

None leaves a trace in the environment either, which the next would read.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings

# An example that is slow on a busy machine proves nothing.
settings.register_profile("voxpipe", deadline=None)
settings.load_profile("voxpipe")

_passed_over = 0  # modules


def pytest_collection() -> None:
    """Nearly all that is made while tests are collected stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Let the collector, which `no_leaks` runs, pass over all that was imported."""
    gc.enable()
    _pass_over_imports()


def pytest_runtest_logfinish() -> None:
    """And over what a test has imported, such as a client's library."""
    if len(sys.modules) > _passed_over + 50:
        _pass_over_imports()


def _pass_over_imports() -> None:
    global _passed_over
    _passed_over = len(sys.modules)
    gc.collect()
    gc.freeze()


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The event loop under test."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _environment_as_it_was() -> Generator[None]:
    before = _environment()
    yield
    assert _environment() == before, "a test, or what it tests, left variables behind"


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
