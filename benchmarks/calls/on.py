"""Runs a module on the event loop that is asked for, so that all have the same.

`voxpipe serve` takes uvloop where it is installed, and a bridge would not by itself.

    python -m benchmarks.calls.on uvloop benchmarks.calls.bridge --port 8080
"""

from __future__ import annotations

import asyncio
import runpy
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run what makes the calls, which has to be lighter than what answers them."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def main() -> None:
    loop, module = sys.argv[1:3]
    del sys.argv[1:3]
    if loop == "asyncio":
        # Python's own way to say that a module is not there.
        sys.modules["uvloop"] = None  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
    else:
        import uvloop

        # From Python 3.14 on `asyncio.run` is to be told instead, by whoever calls it.
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # pyright: ignore[reportDeprecated]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
