"""The app of `voxpipe bench`, in a process of its own: served, and looked at.

It is given its order as JSON on the command line, and tells in lines of JSON on what
was its standard output where it listens, what it has used, and each call that is over.
What the app itself prints goes to standard error.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from contextlib import suppress
from functools import partial
from typing import Any, TextIO

import anyio
from anyio import create_task_group, current_time, sleep

from voxpipe.bench.machine import memory_used, stalls_noted
from voxpipe.bench.network import Network
from voxpipe.bench.watcher import Watcher
from voxpipe.pipeline.runtime.lag import lag_measured
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.carrier import CarrierEndpoints
from voxpipe.transports.telephony.switchboard import App
from voxpipe.transports.telephony.twilio import Twilio

from .app import load_app
from .process import chosen_loop, log_to_console, open_files, settle

TELLS = 0.25  # seconds between two lines of what is used


class Benched:
    """Answers calls with an app, and tells of each.

    Args:
        app: answers.
        network: between it and the model.
        seed: of its dice.
        out: where to tell.
    """

    def __init__(self, app: App, network: Network, seed: int, out: TextIO) -> None:
        self._app = app
        self._network = network
        self._seed = seed
        self._out = out
        self._calls = 0

    async def answer(self, call: Call) -> None:
        """Answer a call."""
        self._calls += 1
        watcher = Watcher(self._network, self._seed * 100_003 + self._calls)
        failure = ""
        try:
            await watcher.answer(self._app, call)
        except Exception as error:
            failure = type(error).__name__
            raise
        finally:
            seen = watcher.summary()
            self.tell(call=call.id, failure=failure, seen=seen)

    def tell(self, **what: Any) -> None:
        """Write a line."""
        with suppress(OSError):  # nobody reads it any more
            self._out.write(json.dumps(what) + "\n")
            self._out.flush()

    async def tell_usage(self, lag: list[float]) -> None:
        """Tell what this process uses, until cancelled."""
        while True:
            self.tell(
                at=time.monotonic(),
                cpu=time.process_time(),
                memory=memory_used(),
                lag=[round(each, 5) for each in lag],
            )
            lag.clear()
            await sleep(TELLS)


async def serve(benched: Benched, calls: int) -> None:
    """Serve until standard input ends: the bench has it, and may have died."""
    # What overload does to calls is to be measured, and not refused.
    board = Switchboard(benched.answer, limit=calls + 8, late_limit=math.inf)
    endpoints = CarrierEndpoints(board, [Twilio()])
    stalls: list[tuple[str, str, float]] = []
    lag: list[float] = []
    async with Server(endpoints) as server, create_task_group() as tasks:
        with stalls_noted(stalls):
            settle()
            benched.tell(url=server.url, clock=current_time() - time.monotonic())
            tasks.start_soon(lag_measured, lag.append)
            tasks.start_soon(benched.tell_usage, lag)
            await anyio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
            tasks.cancel_scope.cancel()
    benched.tell(stalls=stalls)


def main(order: str) -> None:
    """Do as the order says."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    told: dict[str, Any] = json.loads(order)
    log_to_console(stream=sys.stderr)
    open_files()
    benched = Benched(
        load_app(told["app"]), Network(**told["network"]), told["seed"], out
    )
    options = {"use_uvloop": chosen_loop(None) == "uvloop"}
    anyio.run(partial(serve, benched, told["calls"]), backend_options=options)


if __name__ == "__main__":
    main(sys.argv[1])
