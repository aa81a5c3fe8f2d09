"""The replies that a page plays, by number: how much was sent, how much was heard."""

from __future__ import annotations

from dataclasses import dataclass

from voxpipe.pipeline import Turn

MAX_KNOWN = 64  # replies; a page speaks of the newest


@dataclass(slots=True)
class _Reply:
    turn: Turn
    sent: float = 0.0  # seconds from its start
    heard: float = 0.0


class Replies:
    """Numbers replies from 1 on, as they are first spoken of.

    Attributes:
        unheard: seconds that were sent, and of which the page has said nothing yet.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Reply] = {}
        self._numbers: dict[Turn, int] = {}
        self._count = 0
        self.unheard = 0.0

    def number(self, turn: Turn) -> int:
        """Its number."""
        number = self._numbers.get(turn)
        if number is None:
            self._count += 1
            number = self._numbers[turn] = self._count
            self._known[number] = _Reply(turn)
            if len(self._known) > MAX_KNOWN:
                self._drop(next(iter(self._known)))
        return number

    def sent(self, turn: Turn, until: float) -> None:
        """It was sent up to ``until`` seconds."""
        reply = self._known[self.number(turn)]
        self.unheard += max(0.0, until - max(reply.sent, reply.heard))
        reply.sent = max(reply.sent, until)

    def heard(self, number: int, until: float) -> Turn | None:
        """The page has played it so far: whose number that is, if anybody's."""
        reply = self._known.get(number)
        if reply is None:
            return None
        for earlier, each in self._known.items():  # they are played in order
            if earlier < number:
                self._note(each, each.sent)
        self._note(reply, min(until, reply.sent))
        return reply.turn

    def forget(self) -> None:
        """The page was told to forget what it has not played."""
        for each in self._known.values():
            each.sent = each.heard
        self.unheard = 0.0

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Those that are not over."""
        return tuple(each for each in self._numbers if not each.is_over)

    def _note(self, reply: _Reply, until: float) -> None:
        if until > reply.heard:
            self.unheard = max(0.0, self.unheard - (until - reply.heard))
            reply.heard = until

    def _drop(self, number: int) -> None:
        reply = self._known.pop(number)
        del self._numbers[reply.turn]
        self.unheard = max(0.0, self.unheard - (reply.sent - reply.heard))
