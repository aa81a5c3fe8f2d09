"""The other end of a call, as a test plays it: written once for each transport."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from voxpipe.pipeline import AudioFrame, Output, PlayoutInput, ReplyFrame


@dataclass(frozen=True, slots=True)
class Cleared:
    """The far side was told to forget what it has not played."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The far side is to confirm when it has played all that came before this.

    Attributes:
        name: as the transport has named it.
    """

    name: str


Heard = bytes | Cleared | Mark
"""What comes to the far side: audio in the format of ``speaks``, or an order."""


class FarSide(Protocol):
    """The other end of one call: a device, as far as it is a wire.

    It has no clock and plays nothing: the checks do, by what `hear` returns.

    Attributes:
        clears: the device can be told to forget what it has not played.
    """

    @property
    def clears(self) -> bool:  # noqa: D102  # see above
        ...

    async def say(self, audio: bytes, /) -> None:
        """Send this in one piece, in the format of ``heard``; wait where it is full."""
        ...

    async def hear(self) -> Heard:
        """Wait for what comes next; nothing is to be read ahead.

        A line that is never still, such as RTP, leaves out its frames of silence.

        Raises:
            EndOfStream: the line is closed, and nothing will.
        """
        ...

    async def leave(self) -> None:
        """Hang up, as a caller does."""
        ...


@runtime_checkable
class Confirms(Protocol):
    """A far side that tells how far it has played."""

    async def confirm(self, mark: str, /) -> None:
        """What came before a `Mark` of this name was played, or cleared."""
        ...


@runtime_checkable
class Presses(Protocol):
    """A far side with keys."""

    async def press(self, key: str, /) -> None:
        """Press one of ``0-9*#A-D``."""
        ...


@runtime_checkable
class Garbles(Protocol):
    """A far side that can send what its protocol has no word for."""

    async def garble(self) -> None:
        """Send some rubbish; the line is to be usable behind it."""
        ...


@runtime_checkable
class HalfCloses(Protocol):
    """A far side that can end what it says and listen on."""

    async def finish(self) -> None:
        """Say that nothing more will be said."""
        ...


class Transport(Protocol):
    """What is checked: a processor with two ports; a third and a fourth if it has them.

    ``played`` (`Output` of `AudioFrame`), ``pressed`` (`Output` of `Dtmf`) and
    ``hang_up()`` are checked where they are there.
    """

    @property
    def heard(self) -> Output[AudioFrame]:
        """What the far side says."""
        ...

    @property
    def speaks(self) -> PlayoutInput[ReplyFrame]:
        """What it is to hear."""
        ...

    @property
    def fault_count(self) -> int:
        """How much rubbish was reported."""
        ...


Make = Callable[[], AbstractAsyncContextManager[tuple[Transport, FarSide]]]
"""Opens a line, gives its two ends, and closes what it has opened."""
