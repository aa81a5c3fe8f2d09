"""What waits to be told to a page: the newest of each thing, and not too much of it."""

from __future__ import annotations

from anyio import Event

from voxpipe.pipeline.runtime.wakeup import Wakeup

from .messages import message
from .seat import Seat

MAX_WAITING = 256  # messages; then the oldest goes
MAX_KEPT = 32  # of those that were told: who comes back is told them once more


class News:
    """Messages of JSON to one page, by what they are about.

    Who is told something of a thing need not know what was said of it before: so one
    that waits is replaced by the next.

    Attributes:
        dropped: those that nobody was told.
        delivered: all was told, and nothing more will be.
    """

    def __init__(self) -> None:
        self._waiting: dict[object, str] = {}
        self._kept: dict[object, str] = {}
        self._wakeup = Wakeup()
        self._is_closed = False
        self.dropped = 0
        self.delivered = Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def tell(self, about: object, kind: str, /, **fields: object) -> None:
        """Have it told.

        Args:
            about: what it replaces, if that waits.
            kind: of the message.
            fields: of the message.
        """
        if len(self._waiting) >= MAX_WAITING and about not in self._waiting:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1
        self._waiting[about] = message(kind, **fields)
        self._wakeup.set()

    def again(self) -> None:
        """Have what was told last told once more: somebody has lost a connection."""
        self._waiting = {**self._kept, **self._waiting}
        self._wakeup.set()

    def close(self) -> None:
        """Nothing more will be told."""
        self._is_closed = True
        self._wakeup.set()

    async def deliver(self, seat: Seat) -> None:
        """Tell what comes to who sits there, until `close`."""
        while True:
            while self._waiting:
                await seat.taken()
                if seat.is_over:
                    return
                await self._deliver_one(seat)
            if self._is_closed:
                self.delivered.set()
                return
            await self._wakeup.wait()

    async def _deliver_one(self, seat: Seat) -> None:
        about = next(iter(self._waiting))
        text = self._waiting.pop(about)
        self._kept.pop(about, None)
        self._kept[about] = text
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        await seat.send(text)
