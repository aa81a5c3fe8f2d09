"""What a server costs per message: ours, those that others have written, and none.

Microseconds of CPU, of the whole process, for each message of 350 bytes that a caller's
WebSocket brings, parsing it as JSON and answering each tenth with 2 kB included. 100 or
200 connections bring one every 20 ms, as telephone calls do, spread over these 20 ms.
Nothing is compressed. ``websockets`` is the yardstick: `websockets.asyncio` by itself,
with which one writes a bridge by hand, and which can serve no webhook.

The server has core 0, this process core 1. Frames are made beforehand and are written
to raw sockets; a round is left out when this process has not kept up.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from .report import CannotMeasure, Options, Report, main
from .server import ANSWER, CORE, EVERY

ROUNDS = 5
SECONDS = 4.0  # of messages that are counted, each round
WARM_UP = 0.5  # seconds that are not
PERIOD = 0.02  # seconds between two messages of a call
SLOTS = 20  # moments in each period at which some of the calls send
MOST_LATE = 1.03  # times as long as it should take

CONTENDERS = (
    ("voxpipe", "asyncio"),
    ("websockets", "asyncio"),
    ("uvicorn", "asyncio"),
    ("uvicorn-wsproto", "asyncio"),
    ("hypercorn", "asyncio"),
    ("voxpipe", "uvloop"),
    ("websockets", "uvloop"),
    ("uvicorn", "uvloop"),
)
NEEDS = {"uvicorn-wsproto": ("uvicorn", "wsproto"), "voxpipe": ()}

MEDIA = json.dumps(
    {
        "event": "media",
        "sequenceNumber": "1234",
        "media": {
            "track": "inbound",
            "chunk": "1233",
            "timestamp": "24660",
            "payload": "/" * 216,  # 20 ms of mu-law
        },
        "streamSid": "MZ" + "0" * 32,
    }
).encode()
HELLO = (
    b"GET /twilio HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(data: bytes) -> bytes:
    """A masked text frame of 126 bytes or more (RFC 6455, 5.2)."""
    mask = b"\x01\x02\x03\x04"
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
    return struct.pack("!BBH", 0x81, 0x80 | 126, len(data)) + mask + masked


class Caller(asyncio.Protocol):
    """One connection; counts the bytes that come back."""

    def __init__(self) -> None:
        self.open = asyncio.get_running_loop().create_future()
        self.received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(HELLO)

    def data_received(self, data: bytes) -> None:
        if self.open.done():
            self.received += len(data)
        else:
            self.open.set_result(data.startswith(b"HTTP/1.1 101"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One server in one round.

    Attributes:
        cost: microseconds of CPU per message.
        memory: bytes per connection, of the kernel's count of the process.
        late: how much longer than it should sending took, in times.
    """

    cost: float
    memory: float
    late: float


def cpu_seconds(pid: int) -> float:
    """Of all threads of a process, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return (
        sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9
    )


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def load(pid: int, port: int, connections: int, seconds: float) -> Outcome:
    """Call a server, and look at what it uses."""
    loop = asyncio.get_running_loop()
    before = resident(pid)
    callers: list[Caller] = []
    for _ in range(connections):
        _, caller = await loop.create_connection(Caller, "127.0.0.1", port)
        if not await caller.open:
            raise CannotMeasure("the server has refused an upgrade")
        callers.append(caller)
    memory = (resident(pid) - before) / connections
    await talk(callers, WARM_UP)
    received = sum(caller.received for caller in callers)
    used, began = cpu_seconds(pid), time.monotonic()
    sent = await talk(callers, seconds)
    late = (time.monotonic() - began) / seconds
    await asyncio.sleep(2 * PERIOD)  # for what is under way
    used = cpu_seconds(pid) - used
    received = sum(caller.received for caller in callers) - received
    for caller in callers:
        caller.transport.abort()
    if received < 0.9 * sent / EVERY * len(ANSWER):
        raise CannotMeasure("the server does not answer as many messages as it should")
    return Outcome(used / sent * 1e6, memory, late)


async def talk(callers: list[Caller], seconds: float) -> int:
    """Have each send a message every 20 ms; returns how many there were."""
    message, sent = frame(MEDIA), 0
    loop = asyncio.get_running_loop()
    began = loop.time()
    for tick in range(round(seconds / PERIOD * SLOTS)):
        wait = began + tick * PERIOD / SLOTS - loop.time()
        await asyncio.sleep(max(wait, 0))
        for caller in callers[tick % SLOTS :: SLOTS]:
            caller.transport.write(message)
            sent += 1
    return sent


def trial(name: str, loop: str, connections: int, seconds: float) -> Outcome:
    """Start one server, and call it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", name, loop],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        port = process.stdout.readline()
        if not port:
            raise CannotMeasure(f"{name} does not start; its last words are above")
        return asyncio.run(load(process.pid, int(port), connections, seconds))
    finally:
        process.kill()
        process.communicate()


def is_there(name: str, loop: str) -> bool:
    """Whether what it takes is installed."""
    wanted = (*NEEDS.get(name, (name,)), *(("uvloop",) if loop == "uvloop" else ()))
    return all(importlib.util.find_spec(each) for each in wanted)


def measure(report: Report, options: Options) -> None:
    cores = os.sched_getaffinity(0) if sys.platform == "linux" else set[int]()
    if len(cores) < 2 or CORE not in cores:
        raise CannotMeasure("it takes Linux and two cores: one is the server's alone")
    os.sched_setaffinity(0, {max(cores)})
    try:
        for connections in (100, 200):
            compare(report, options, connections)
    finally:
        os.sched_setaffinity(0, cores)


def compare(report: Report, options: Options, connections: int) -> None:
    chosen = [
        (name, loop)
        for name, loop in CONTENDERS
        if is_there(name, loop) and (options.peers or name in ("voxpipe", "websockets"))
    ]
    outcomes: dict[tuple[str, str], list[Outcome]] = {each: [] for each in chosen}
    for _ in range(options.scaled(ROUNDS)):
        for name, loop in chosen:
            seconds = max(0.2, SECONDS * options.share)
            outcome = trial(name, loop, connections, seconds)
            if outcome.late <= MOST_LATE or options.share < 1:
                outcomes[name, loop].append(outcome)
    print(f"\n{connections} connections")
    middle: dict[tuple[str, str], float] = {}
    for (name, loop), each in outcomes.items():
        if not each:
            raise CannotMeasure("this machine is too busy to send in time")
        kind = f"{name}_{loop}_{connections}".replace("-", "_")
        costs = [outcome.cost for outcome in each]
        middle[name, loop] = report.add(f"{kind}_us", costs, f"{name}, {loop}", "µs")
        memory = max(outcome.memory for outcome in each)
        report.figures[f"{kind}_bytes_a_connection"] = round(memory)
    for loop in ("asyncio", "uvloop"):
        if ("voxpipe", loop) in middle:
            ratio = middle["voxpipe", loop] / middle["websockets", loop]
            what = f"a message of {connections} calls, beside bare websockets, {loop}"
            report.promise(what, ratio, "at most", 1, "times")


if __name__ == "__main__":
    main("servers", measure)
