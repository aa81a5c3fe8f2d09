"""Time that passes as fast as the work allows: trio's clock, which jumps when all wait.

Needs ``voxpipe[trio]``. Sockets and threads live in real time, so use memory streams.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

from voxpipe.pipeline.runtime.loop import is_running

T = TypeVar("T")


def virtual_backend() -> tuple[str, dict[str, Any]]:
    """For ``@pytest.mark.parametrize("anyio_backend", [virtual_backend()])``."""
    try:
        from trio.testing import MockClock
    except ImportError:
        raise ImportError(
            "virtual time is trio's: pip install 'voxpipe[trio]'"
        ) from None
    return "trio", {"clock": MockClock(autojump_threshold=0)}


def run_virtual(function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run an asynchronous function to its end in virtual time, as `anyio.run` does.

    Raises:
        RuntimeError: an event loop is running in this thread already.
    """
    if is_running():
        name = getattr(function, "__name__", "it")
        raise RuntimeError(
            f"run_virtual begins a run of its own, and this is inside of one: make the "
            f"test a plain `def`, or say `await {name}(…)`, in the time that runs here"
        )
    backend, options = virtual_backend()
    return anyio.run(function, *arguments, backend=backend, backend_options=options)
