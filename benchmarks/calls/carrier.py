"""A carrier with many calls at once, which measures at the callers' ears.

One loop paces all calls: their frames are spread over the 20 ms, a millisecond apart.
It places all calls, lets the conversations get under way, and then measures for a
while: at the ears, its own lateness, and what the processes that it watches use.

    python -m benchmarks.calls.carrier --url ws://127.0.0.1:8080/twilio --calls 10

The last line of its output is the outcome, in JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from voxpipe.bench.machine import cpu_seconds

from .caller import Caller
from .delays import Delays
from .line import WORDS, Line, payloads, wire_of
from .on import run
from .proc import cores, resident
from .tally import Tally

SLOTS = 20  # in 20 ms: a millisecond each, asyncio's own grain
APART = 0.025  # seconds between two calls being placed
SETTLE = 1.5  # seconds from there until it counts
UPGRADE = 10.0  # seconds for a stream to open
GOODBYE = 10.0  # seconds for all of them to be closed


@dataclass(frozen=True, slots=True)
class Order:
    """What to do.

    Attributes:
        url: of the stream.
        calls: how many.
        talking: how many of them converse; the others hold the line.
        seconds: to measure.
        spread: seconds over which the callers start to speak.
        warm: make a short call first, so that a call's memory can be told from what
            the server imports when it gets its first one.
        carrier: whose streams these are.
        noise: their lines are never silent.
        server: process id of the contender, or 0.
        model: process id of the stand-in, or 0.
    """

    url: str
    calls: int
    talking: int
    seconds: float
    spread: float = 4.0
    warm: bool = True
    carrier: str = "twilio"
    noise: bool = False
    server: int = 0
    model: int = 0


class Pacer:
    """Gives each call its frame each 20 ms.

    Attributes:
        lag: how late it was, each millisecond.
    """

    def __init__(self) -> None:
        self.lag = Delays()
        self.lines: list[list[Line]] = [[] for _ in range(SLOTS)]
        self._count = 0

    def add(self, line: Line) -> None:
        """Pace one more call."""
        # Neighbours in number are far apart in phase: 7 and 20 have no common factor.
        self.lines[self._count * 7 % SLOTS].append(line)
        self._count += 1

    async def run(self) -> None:
        """Pace until cancelled."""
        loop = asyncio.get_running_loop()
        step = 0.02 / SLOTS
        begin, slot = loop.time(), 0
        while True:
            due = begin + slot * step
            now = loop.time()
            if now < due:
                await asyncio.sleep(due - now)
                now = loop.time()
            elif slot % SLOTS == 0:
                await asyncio.sleep(0)  # late: still let the sockets be read
            self.lag.add(now - due)
            for line in self.lines[slot % SLOTS]:
                line.tick(now)
            slot += 1


async def place(order: Order, count: int, tally: Tally, pacer: Pacer) -> list[Line]:
    """Place calls, one after the other."""
    loop = asyncio.get_running_loop()
    parts = urlsplit(order.url)
    host, port = parts.hostname or "", parts.port or 80
    kind = WORDS[order.carrier]
    wire = wire_of(kind and kind())
    frames, silence = payloads(wire, noise=order.noise)
    lines: list[Line] = []
    for number in range(count):
        caller = Caller(number, frames, silence, tally, wire)
        words = kind and kind()
        line = Line(number, parts.netloc, parts.path, caller, tally, words)
        try:
            await loop.create_connection(partial(_itself, line), host, port)
            await asyncio.wait_for(line.upgraded, UPGRADE)
        except (OSError, TimeoutError):
            tally.faults["refused"] += 1
            continue
        lines.append(line)
        pacer.add(line)
        await asyncio.sleep(APART)
    return lines


def _itself(line: Line) -> Line:
    return line


async def hang_up(lines: Sequence[Line], tally: Tally) -> None:
    """End all calls, and wait until the server has closed them."""
    for line in lines:
        line.hang_up()
    if lines:
        _, open = await asyncio.wait([each.closed for each in lines], timeout=GOODBYE)
        tally.faults["not_closed"] += len(open)


async def warm_up(order: Order) -> None:
    """One short call, so that the server has imported and cached what it needs."""
    pacer, tally = Pacer(), Tally()
    pacing = asyncio.create_task(pacer.run())
    lines = await place(order, 1, tally, pacer)
    for line in lines:
        line.caller.talk(0.0)
    await asyncio.sleep(3.0)
    await hang_up(lines, tally)
    pacing.cancel()
    await asyncio.sleep(0.5)


async def measure(order: Order) -> dict[str, Any]:
    """Do it all; the outcome is what JSON can hold."""
    if order.warm:
        await warm_up(order)
    idle = resident(order.server) if order.server else 0
    pacer, tally = Pacer(), Tally()
    pacing = asyncio.create_task(pacer.run())
    lines = await place(order, order.calls, tally, pacer)
    start = asyncio.get_running_loop().time()
    for number, line in enumerate(lines[: order.talking]):
        # The golden ratio spreads any number of them evenly.
        line.caller.talk(start + number * 0.618034 % 1.0 * order.spread)
    await asyncio.sleep(order.spread + SETTLE)
    pacer.lag.seconds.clear()
    tally.is_open = True
    before = _used(order)
    await asyncio.sleep(order.seconds)
    after = _used(order)
    memory = resident(order.server) if order.server else 0
    lag = pacer.lag.summary()
    tally.is_open = False
    await hang_up(lines, tally)
    pacing.cancel()
    used = {name: round(after[name] - before[name], 3) for name in after}
    return {
        "calls": order.calls,
        "talking": order.talking,
        "lag_ms": lag,
        "used": used,
        "idle_bytes": idle,
        "bytes": memory,
        **tally.summary(),
    }


def _used(order: Order) -> dict[str, float]:
    """Seconds so far: of the clock, the processes, and the cores."""
    used = {"clock": time.monotonic(), "carrier": cpu_seconds(os.getpid())}
    if order.server:
        used["server"] = cpu_seconds(order.server)
    if order.model:
        used["model"] = cpu_seconds(order.model)
    for number, core in enumerate(cores()):
        used[f"core{number}"] = core.busy
        used[f"stolen{number}"] = core.stolen
    return used


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls.carrier")
    parser.add_argument("--url", required=True)
    parser.add_argument("--carrier", choices=tuple(WORDS), default="twilio")
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--talking", type=int)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--noise", action="store_true")
    parser.add_argument("--cold", dest="warm", action="store_false")
    parser.add_argument("--server", type=int, default=0)
    parser.add_argument("--model", type=int, default=0)
    given = parser.parse_args()
    if given.talking is None:
        given.talking = given.calls
    print(json.dumps(run(measure(Order(**vars(given))))))


if __name__ == "__main__":
    main()
