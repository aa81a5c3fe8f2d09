"""Every asynchronous test runs on asyncio and on trio, and no test races a clock.

None leaves a trace in the environment either, which the next would read.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from . import loops_in_turn

# An example that is slow on a busy machine proves nothing. In continuous integration
# a change is judged by the same examples each time; other runs look for new ones, and
# for fewer at a time.
CI = os.environ.get("CI") == "1"
settings.register_profile(
    "voxpipe", deadline=None, derandomize=CI, max_examples=100 if CI else 40
)
settings.load_profile("voxpipe")

_file: Path | None = None  # of the tests that run


def pytest_collection() -> None:
    """Nearly all that is made while tests are collected stays."""
    gc.disable()


@pytest.hookimpl(tryfirst=True)  # before what is slow is left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Half of the whole conversations are for another run."""
    loops_in_turn.mark(items)


def pytest_collection_finish() -> None:
    """Let the collector, which `no_leaks` runs, pass over all that was imported."""
    gc.enable()
    _pass_over_what_is_there()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """And over what the last file's tests have imported, or keep: a tree of all code.

    With half a million objects a collection takes 0.2 s, and there are thousands.
    """
    global _file
    if item.path != _file:
        _file = item.path
        _pass_over_what_is_there()


def _pass_over_what_is_there() -> None:
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
