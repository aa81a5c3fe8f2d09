"""What a session does, line by line, for whoever writes a script or a client.

At INFO, by the logger ``voxpipe.simulator``; how long and how many, never what somebody
said or typed.
"""

from __future__ import annotations

import logging

from voxpipe.simulator.errors import Refusal

logger = logging.getLogger("voxpipe.simulator")

_KINDS = 50  # of refusals, in a session: a client that sends rubbish may go on for long


class Journal:
    """The lines of one session.

    Attributes:
        name: of the session: the end of its id.
    """

    def __init__(self) -> None:
        self.name = "?"
        self._refused: set[str] = set()

    def open(self, session_id: str, what: str) -> None:
        """The first line."""
        self.name = session_id[-6:]
        self.note(f"opened: {what}")

    def note(self, line: str) -> None:
        """One more."""
        logger.info("session=%s %s", self.name, line)

    def refused(self, what: str, refusal: Refusal) -> None:
        """Tell of an ``error`` event, once for each kind: its field, no value."""
        field = "" if refusal.param is None else f" at {refusal.param[:60]!r}"
        line = f"refused {what}: {refusal.code}{field}"
        if line not in self._refused and len(self._refused) < _KINDS:
            self._refused.add(line)
            self.note(line)


def counted(number: int, what: str) -> str:
    """A number of things in words.

    >>> counted(1, "tool"), counted(2, "tool")
    ('1 tool', '2 tools')
    """
    return f"{number} {what}" + ("" if number == 1 else "s")
