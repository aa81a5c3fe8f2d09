"""What a session does, line by line, for whoever writes a script or a client.

At INFO, by the logger ``voxpipe.simulator``; how long and how many, never what somebody
said or typed.
"""

from __future__ import annotations

import logging

logger = logging.getLogger("voxpipe.simulator")


class Journal:
    """The lines of one session.

    Attributes:
        name: of the session: the end of its id.
    """

    def __init__(self) -> None:
        self.name = "?"

    def open(self, session_id: str, what: str) -> None:
        """The first line."""
        self.name = session_id[-6:]
        self.note(f"opened: {what}")

    def note(self, line: str) -> None:
        """One more."""
        logger.info("session=%s %s", self.name, line)


def counted(number: int, what: str) -> str:
    """A number of things in words.

    >>> counted(1, "tool"), counted(2, "tool")
    ('1 tool', '2 tools')
    """
    return f"{number} {what}" + ("" if number == 1 else "s")
