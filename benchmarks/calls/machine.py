"""Whether this machine is fit to be believed, before anything is measured on it."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from .proc import Core, cores

LOOK = 2.0  # seconds to watch the cores while nothing of ours runs
MOST_BUSY = 0.05  # of a core
# Of the fastest spin. A virtual core that shares its silicon is half as fast at times,
# for seconds: trials take turns because of that, and their ratios bear it.
MOST_SPREAD = 1.5
_SPINS = 10
_STEPS = 400_000  # of a loop: about 10 ms


def objections(
    busy: Sequence[float], stolen: Sequence[float], spins: Sequence[Sequence[float]]
) -> tuple[str, ...]:
    """Why nothing that is measured here would be believable; empty if it is.

    Args:
        busy: of each core that is to be used, how much was while nothing of ours ran.
        stolen: of each, what the host took.
        spins: seconds that the same work took, again and again, for each.
    """
    if len(busy) < 2:
        return ("it takes two cores, one for the contender alone",)
    found: list[str] = []
    for number, (used, taken) in enumerate(zip(busy, stolen, strict=True)):
        if used > MOST_BUSY:
            found.append(f"others use {used:.0%} of core {number}")
        if taken > MOST_BUSY:
            found.append(f"the host takes {taken:.0%} of core {number}")
    everything = sorted(each for core in spins for each in core)
    if everything:
        # Not the slowest: a host that takes a core for 5 ms now and then is allowed.
        spread = everything[len(everything) * 3 // 4] / everything[0] - 1
        if spread > MOST_SPREAD:
            found.append(f"a quarter of the same work takes {spread:.0%} longer")
    return tuple(found)


def look(chosen: Sequence[int]) -> tuple[str, ...]:
    """Watch the machine for a few seconds: `objections` to it."""
    there = sorted(os.sched_getaffinity(0))
    missing = [core for core in chosen if core not in there]
    if missing or len(set(chosen)) < 2:
        return objections([0.0] * len(set(there) & set(chosen)), [], [])
    before, began = cores(), time.monotonic()
    time.sleep(LOOK)
    passed = time.monotonic() - began
    used: list[Core] = [
        after.since(earlier) for after, earlier in zip(cores(), before, strict=True)
    ]
    busy = [used[core].busy / passed for core in chosen]
    stolen = [used[core].stolen / passed for core in chosen]
    return objections(busy, stolen, [spin(core) for core in chosen])


def spin(core: int) -> list[float]:
    """Seconds that the same work takes on a core, several times."""
    home = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        return [_work() for _ in range(_SPINS)]
    finally:
        os.sched_setaffinity(0, home)


def _work() -> float:
    began = time.perf_counter()
    number = 0
    for step in range(_STEPS):
        number ^= step
    return time.perf_counter() - began


def description() -> str:
    """Processor, cores, memory and system, in one line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, {system}"
