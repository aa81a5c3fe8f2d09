"""What a reply consists of, how much of it was heard, and when it passed what."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

Basis = Literal["measured", "estimated"]


@dataclass(frozen=True, slots=True)
class PlayedItem:
    """How much of one conversation item was heard.

    Attributes:
        item_id: the model's name for it.
        content_index: which of its parts.
        generated: seconds of audio that the model made.
        played: seconds of it that the device has played.
        basis: ``measured`` when the device has confirmed, ``estimated`` by the clock.
    """

    item_id: str
    content_index: int
    generated: float
    played: float
    basis: Basis


@dataclass(slots=True)
class Timings:
    """When a reply passed its milestones, on anyio's clock; ``None`` if it did not.

    Attributes:
        user_stopped: the caller's last sound, as the turn detection placed it.
        committed: the caller's turn was closed.
        requested: the program, or a tool's result, asked for the reply.
        created: the model took it up.
        first_delta: its first audio, or text, came in.
        first_sent: its first audio left the model's box.
        first_written: a playout gave its first audio to the device.
        first_played: the device began to sound.
    """

    user_stopped: float | None = None
    committed: float | None = None
    requested: float | None = None
    created: float | None = None
    first_delta: float | None = None
    first_sent: float | None = None
    first_written: float | None = None
    first_played: float | None = None

    @property
    def asked(self) -> float | None:
        """When the model could begin: by a request, or by the end of a turn."""
        for moment in (self.requested, self.committed, self.created):
            if moment is not None:
                return moment
        return None

    def since(self, moment: float) -> Timings:
        """The same milestones on a clock that was 0 at ``moment``."""
        told = ((each.name, getattr(self, each.name)) for each in fields(self))
        return Timings(**{n: None if at is None else at - moment for n, at in told})


@dataclass(slots=True)
class _Interval:
    """Audio of one item on the reply's timeline, in seconds."""

    key: tuple[str, int]
    start: float
    end: float = 0.0


class Ledger:
    """The items of one reply on its timeline, in the order in which they were made.

    Attributes:
        generated: seconds of audio that were made.
    """

    __slots__ = ("_intervals", "generated")

    def __init__(self) -> None:
        self._intervals: list[_Interval] = []
        self.generated = 0.0

    def grow(self, seconds: float, item_id: str, content_index: int) -> float:
        """There are ``seconds`` more of an item; returns where they start."""
        key, start = (item_id, content_index), self.generated
        if not self._intervals or self._intervals[-1].key != key:
            self._intervals.append(_Interval(key, start))
        self._intervals[-1].end = self.generated = start + seconds
        return start

    def generated_by_item(self) -> dict[str, float]:
        """Seconds that the model has made of each item."""
        seconds: dict[str, float] = {}
        for each in self._intervals:
            item_id, _ = each.key
            seconds[item_id] = seconds.get(item_id, 0.0) + each.end - each.start
        return seconds

    def items(self, position: float, basis: Basis) -> tuple[PlayedItem, ...]:
        """Each item once, when the reply was played up to ``position``."""
        sums: dict[tuple[str, int], tuple[float, float]] = {}
        for each in self._intervals:  # an item may go on after another one
            made, played = sums.get(each.key, (0.0, 0.0))
            length = each.end - each.start
            played += min(max(position - each.start, 0.0), length)
            sums[each.key] = made + length, played
        return tuple(
            PlayedItem(item_id, content_index, made, played, basis)
            for (item_id, content_index), (made, played) in sums.items()
        )
