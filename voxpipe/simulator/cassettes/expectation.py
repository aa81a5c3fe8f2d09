"""What a replay still expects of the client."""

from __future__ import annotations

from collections.abc import Collection

from .cassette import Cassette, CassetteEntry, CassetteMismatch
from .comparison import LOOSE, Event, differences, is_result, name_of, own_names
from .redaction import clean, kind_of

_CURE = "if the new one is right, record it again"
_MAX_TOLD = 3  # differences of one event


class Expectation:
    """Checks off what a client sends against what it sent when it was recorded.

    Args:
        cassette: with what was recorded.
        ignore: fields that may be others.

    Attributes:
        names: the client's ids of the recording, and what they are now.
    """

    def __init__(self, cassette: Cassette, ignore: Collection[str]) -> None:
        self._name = cassette.name
        self._ignore = ignore
        sent: list[tuple[CassetteEntry, Event]] = [
            (entry, clean(dict(entry.event), "words"))
            for entry in cassette.entries
            if entry.sender == "client" and entry.event is not None
        ]
        self._ordered = [pair for pair in sent if not is_loose(pair[1])]
        self._loose = [pair for pair in sent if is_loose(pair[1])]
        self._met: set[int] = set()  # lines
        self.names: dict[str, str] = {}

    def is_met(self, entry: CassetteEntry) -> bool:
        """Whether the client has sent this, or need not have by now."""
        if entry.event is None or is_loose(entry.event):
            return True
        return entry.line in self._met

    def is_optional(self, entry: CassetteEntry) -> bool:
        """Whether nothing waits for the client to send this."""
        return not entry.audio_bytes and (entry.event is None or is_loose(entry.event))

    def take(self, event: Event) -> None:
        """The client has sent ``event``.

        Raises:
            CassetteMismatch: something else was expected, or nothing.
        """
        where = self._loose if is_loose(event) else self._ordered
        index = self._find(event, where)
        if index is None:
            raise CassetteMismatch(self._surprise(event, where))
        entry, expected = where[index]
        found = differences(expected, event, self.names, self._ignore)
        if found and not is_loose(event):
            told = "; ".join(found[:_MAX_TOLD])
            raise CassetteMismatch(
                f"{self._name}, line {entry.line}: the client's {name_of(event)} is "
                f"another: {told} ({_CURE})"
            )
        del where[index]
        self._met.add(entry.line)
        self.names.update(zip(own_names(expected), own_names(event), strict=False))

    def missing(self) -> str | None:
        """What the client has not sent yet, first; ``None`` when it has sent all."""
        left = sorted([*self._ordered, *self._loose], key=lambda pair: pair[0].line)
        if not left:
            return None
        entry, event = left[0]
        return (
            f"{self._name}, line {entry.line}: the client never sent {name_of(event)}"
        )

    def _find(
        self, event: Event, where: list[tuple[CassetteEntry, Event]]
    ) -> int | None:
        name = name_of(event)
        for index, (_, expected) in enumerate(where):
            if name == name_of(expected):
                return index
            overtakes = is_result(event) and is_result(expected)
            if not overtakes and not is_loose(event):
                return None
        return None

    def _surprise(self, event: Event, where: list[tuple[CassetteEntry, Event]]) -> str:
        if not where:
            return f"{self._name}: nothing like {name_of(event)} was recorded ({_CURE})"
        entry, expected = where[0]
        return (
            f"{self._name}, line {entry.line}: expected {name_of(expected)}, the "
            f"client sent {name_of(event)} ({_CURE})"
        )


def is_loose(event: Event) -> bool:
    """Whether it may come at any time."""
    return kind_of(event) in LOOSE
