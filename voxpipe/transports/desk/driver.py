"""What is asked of the system's sound: the seam beneath which tests have their own.

``take`` and ``give`` are called in a thread of the driver's, every 20 ms, and may not
wait: while they do, there is no sound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from voxpipe.pipeline import AudioFormat

from .devices import Device

BLOCK = 0.02  # seconds that a device records, or plays, at a time

Take = Callable[[bytes, float, bool], None]
"""Takes a block; how many seconds ago its first sample was recorded; whether samples
before it were lost."""

Give = Callable[[int, float, bool], bytes]
"""Gives so many bytes; told in how many seconds the first of them will sound, and
whether the device had run dry before."""

Gone = Callable[[], None]
"""Told that the stream has ended by itself: neither of them will be called again."""


class DeviceStream(Protocol):
    """A device that runs."""

    async def close(self) -> None:
        """End at once; what was not yet played never will be."""
        ...


class Driver(Protocol):
    """The system's sound."""

    async def devices(self) -> Sequence[Device]:
        """All that there are.

        Raises:
            DeviceError: there is no way to the system's sound.
        """
        ...

    async def record(
        self, device: Device, format: AudioFormat, take: Take, gone: Gone
    ) -> DeviceStream:
        """Begin to record.

        Raises:
            DeviceError: it cannot be used so; says the cure.
        """
        ...

    async def play(
        self, device: Device, format: AudioFormat, give: Give, gone: Gone
    ) -> DeviceStream:
        """Begin to play.

        Raises:
            DeviceError: it cannot be used so; says the cure.
        """
        ...
