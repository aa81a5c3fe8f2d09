"""A turn is one reply: a cancel scope for its frames, and the ledger of what was heard.

Rules:
  1. `cut` is synchronous, idempotent and final. Nothing is searched and nobody is
     cancelled: whoever meets a frame of a cut turn drops it, and whoever waits on
     behalf of the turn is woken.
  2. What was heard is a position on the reply's own timeline (`AudioFrame.start`), so
     resampling and re-chunking between model and sink change nothing.
  3. The playhead owns the position while it plays; a cut asks it once, and freezes
     what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NoReturn, Protocol

import anyio

from .errors import TurnError
from .ledger import Basis as Basis
from .ledger import Ledger, PlayedItem, Timings
from .runtime.start import Start

State = Literal["waiting", "playing", "held", "played", "cut"]

HOLD_LIMIT = 2.0  # seconds; a cough is shorter, a caller who waits longer hangs up


class Playhead(Protocol):
    """Knows how far into a reply it has played."""

    def position(self, turn: Turn) -> tuple[float, Basis]:
        """Seconds of ``turn`` that were heard by now, and how one knows."""
        ...


Position = Callable[["Turn"], tuple[float, Basis]]


class Turn:
    """One reply.

    Args:
        id: the model's name for the reply; for people and logs.
        hold_refused: why this turn cannot be held, if it cannot.
        start: of the run before which nothing becomes of it; ``None`` if it was.
    """

    __slots__ = (
        "_basis",
        "_changed",
        "_hold_refused",
        "_ledger",
        "_played",
        "_playhead",
        "_start",
        "_state",
        "_stops_at",
        "_watchers",
        "held_until",
        "id",
        "is_cut",
        "timings",
    )

    def __init__(
        self,
        id: str = "",
        *,
        hold_refused: str | None = None,
        start: Start | None = None,
    ) -> None:
        self.id = id
        self.is_cut = False  # a plain attribute: every input reads it for every frame
        self.held_until = 0.0
        self.timings = Timings()
        self._hold_refused = hold_refused
        self._start = start
        self._state: State = "waiting"
        self._played = 0.0
        self._basis: Basis = "estimated"
        self._ledger = Ledger()
        self._playhead: Playhead | None = None
        self._stops_at: Position | None = None
        self._watchers: dict[object, Callable[[], object]] = {}
        self._changed: anyio.Event | None = None

    def __repr__(self) -> str:
        return f"<Turn {self.id or hex(id(self))} {self._state}>"

    def __copy__(self) -> Turn:
        return self

    def __deepcopy__(self, _: object) -> Turn:
        return self  # a copy would not be cut with its reply

    def __reduce__(self) -> NoReturn:
        raise TypeError("a turn lives in one process: send its id, not the turn")

    @property
    def state(self) -> State:
        """Where the reply stands: ``played`` and ``cut`` are final."""
        return self._state

    @property
    def is_over(self) -> bool:
        """Heard to its end, or cut."""
        return self._state in ("played", "cut")

    def cut(self) -> bool:
        """End the reply here and now; says whether there was anything left to end."""
        if self.is_over:
            return False
        if self._stops_at is not None:
            played, self._basis = self._stops_at(self)
            self._played = max(self._played, played)
        self.is_cut = True
        self._move("cut")
        return True

    def hold(self, limit: float = HOLD_LIMIT) -> None:
        """Stop playing, keep the audio; it plays on by itself after ``limit`` seconds.

        The limit counts from the first of several holds, and its playout keeps it.

        Raises:
            TurnError: this reply cannot be held, or is over.
        """
        if self._hold_refused is not None:
            raise TurnError(self._hold_refused)
        if self.is_over:
            raise TurnError(f"a reply that is {self._state} cannot be held")
        if self._state != "held":
            self.held_until = anyio.current_time() + limit
            self._move("held")

    def resume(self) -> None:
        """Play on after `hold`; nothing happens unless it is held."""
        if self._state == "held":
            self._move("playing" if self.has_playhead else "waiting")

    async def changed(self) -> State:
        """Wait until the state is another one than now, and return it.

        Raises:
            VoxpipeError: no pipeline that could play it is started.
        """
        if self.is_over:
            return self._state
        changed = self._changed = self._changed or anyio.Event()
        if self._start is not None:
            await self._start.awaited("the end of a reply", changed)
        await changed.wait()
        return self._state

    async def over(self) -> Literal["played", "cut"]:
        """Wait until the reply was heard to its end, or was cut.

        Raises:
            VoxpipeError: no pipeline that could play it is started.
        """
        while not self.is_over:
            await self.changed()
        return "cut" if self.is_cut else "played"

    # --- for whoever waits on the turn's behalf

    def watch(self, wake: Callable[[], object]) -> object:
        """Have ``wake`` called, synchronously, at every change; returns its key."""
        key = object()
        self._watchers[key] = wake
        return key

    def unwatch(self, key: object) -> None:
        """Take back a `watch`."""
        self._watchers.pop(key, None)

    # --- the ledger: written by the model and the playhead, read by anybody

    def grow(self, seconds: float, item_id: str = "", content_index: int = 0) -> float:
        """The model made ``seconds`` more of an item; returns where they start."""
        return self._ledger.grow(seconds, item_id, content_index)

    def playing_on(
        self, playhead: Playhead, *, stops_at: Position | None = None
    ) -> None:
        """Somebody has begun to play this reply.

        Args:
            playhead: asked for its position until the turn is over.
            stops_at: where it would come to rest if the turn were cut now; by default
                where it is.
        """
        self._playhead = playhead
        self._stops_at = playhead.position if stops_at is None else stops_at
        if self._state == "waiting":
            self._move("playing")

    def note_played(self, position: float, basis: Basis) -> None:
        """The playhead has come to ``position``; a cut turn is not changed."""
        if not self.is_over:
            self._played = max(self._played, position)
            self._basis = basis

    @property
    def has_playhead(self) -> bool:
        """Somebody plays this reply, or has played it."""
        return self._playhead is not None

    @property
    def noted(self) -> float:
        """The position last given to `note_played`."""
        return self._played

    def finish(self) -> None:
        """The last sample was heard."""
        if not self.is_over:
            self._move("played")

    @property
    def generated(self) -> float:
        """Seconds of audio that the model has made."""
        return self._ledger.generated

    def generated_by_item(self) -> dict[str, float]:
        """The same, item by item; nobody is asked how much of it was played."""
        return self._ledger.generated_by_item()

    @property
    def played(self) -> float:
        """Seconds that were heard by now; frozen when the turn is over."""
        return self._reached()[0]

    @property
    def basis(self) -> Basis:
        """Whether `played` was measured by the device or estimated by the clock."""
        return self._reached()[1]

    def items(self) -> tuple[PlayedItem, ...]:
        """The ledger, item by item, in the order in which they begin to play."""
        return self._ledger.items(*self._reached())

    def _reached(self) -> tuple[float, Basis]:
        if self._playhead is not None and not self.is_over:
            played, basis = self._playhead.position(self)
            return max(self._played, played), basis
        return self._played, self._basis

    def _move(self, state: State) -> None:
        self._state = state
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()
        for wake in tuple(self._watchers.values()):
            wake()
