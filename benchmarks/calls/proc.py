"""What the kernel says of processes and cores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


@dataclass(frozen=True, slots=True)
class Core:
    """Seconds since the machine was started.

    Attributes:
        busy: with anybody's work.
        stolen: by the host, for other machines.
    """

    busy: float
    stolen: float

    def since(self, before: Core) -> Core:
        """What has been added."""
        return Core(self.busy - before.busy, self.stolen - before.stolen)


def cores() -> list[Core]:
    """All cores of the machine."""
    found: list[Core] = []
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _, _, irq, soft, steal = map(int, fields[:8])
            busy = user + nice + system + irq + soft
            found.append(Core(busy * _TICK, steal * _TICK))
    return found
