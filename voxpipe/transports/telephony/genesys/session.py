"""The numbers of a session: who has said which message, and what the other has heard.

Every message of text has one, sound has none. Both sides tell the last that came, too.
"""

from __future__ import annotations

import json
from typing import Any

from voxpipe.transports.telephony.carrier import fields
from voxpipe.transports.telephony.carrier.events import WireError


class Session:
    """Numbers what we say, and checks how the other side has numbered.

    Attributes:
        id: that of the other side; empty until it has been opened.
    """

    def __init__(self) -> None:
        self.id = ""
        self._ours = self._theirs = 0  # the last

    def check(self, value: dict[str, Any]) -> int:
        """Whether a message is the next of this session; returns its number.

        Raises:
            WireError: it is another version's or session's, or came again.
        """
        if value.get("version") != "2":
            raise WireError("expected version to be '2', got another")
        number = fields.number_of(value, "seq")
        heard = value.get("serverseq")
        if type(heard) is not int or not 0 <= heard <= self._ours:
            raise WireError("expected serverseq to be of a message of ours")
        if self.id and value.get("id") != self.id:
            raise WireError("expected a message of this session, got one of another")
        if number <= self._theirs:
            raise WireError("expected seq to rise, got a message again")
        return number

    def take(self, number: int) -> int:
        """The message was understood; returns how many before it never came."""
        missing, self._theirs = number - self._theirs - 1, number
        return missing

    def write(self, kind: str, **parameters: Any) -> str:
        """Our next message."""
        self._ours += 1
        message: dict[str, Any] = {
            "version": "2",
            "id": self.id,
            "type": kind,
            "seq": self._ours,
            "clientseq": self._theirs,
            "parameters": parameters,
        }
        return json.dumps(message, separators=(",", ":"))
