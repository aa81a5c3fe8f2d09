"""The messages that Genesys sends in one session, and how it takes others.

Source: https://developer.genesys.cloud/devapps/audiohook/protocol-reference
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.genesys import GenesysCall

from .speech import FRAME, ULAW
from .words import (
    Broken,
    Clear,
    Message,
    Order,
    Part,
    Play,
    Words,
    object_in,
    part_in,
    text_in,
)

MOST = 64_000  # bytes in a message
PER_SECOND, BURST = 5.0, 25  # messages
_NAMES = {"ulaw": "PCMU", "pcm16": "L16"}
_KNOWN = ("opened", "pong", "updated", "closed", "pause", "resume")  # nothing to play


class GenesysWords(Words):
    """Genesys' messages in one session; it has no marks.

    Args:
        format: of the audio at 8,000 Hz, mu-law or pcm16.
        caller: who calls.
        called: the number that they call.

    Attributes:
        session: its name for the session, which is in its upgrade, too.
        organization: whose it is; likewise.
    """

    call: ClassVar = GenesysCall

    def __init__(
        self,
        format: AudioFormat = ULAW,
        *,
        caller: str = "+15550100",
        called: str = "+15550199",
    ) -> None:
        self.format = format
        self.call_id, self.session = str(uuid4()), str(uuid4())
        self.organization = str(uuid4())
        self.caller, self.called = caller, called
        self._ours = self._theirs = 0  # the numbers of the last messages
        self._said = 0  # frames
        self._is_playing = False
        self._allowed, self._counted = float(BURST), 0.0

    def opening(self, parameters: Mapping[str, str]) -> Sequence[Message]:
        """As `Words.opening`."""
        media = {
            "type": "audio",
            "format": _NAMES[self.format.encoding],
            "channels": ["external"],
            "rate": self.format.rate,
        }
        person = {
            "id": str(uuid4()),
            "ani": self.caller,
            "aniName": "",
            "dnis": self.called,
        }
        return (
            self.written(
                "open",
                organizationId=self.organization,
                conversationId=self.call_id,
                participant=person,
                media=[media],
                inputVariables=dict(parameters),
            ),
        )

    def media(self, payload: str, chunk: int) -> Message:
        """As `Words.media`."""
        self._said = chunk
        return binascii.a2b_base64(payload)

    def dtmf(self, key: str) -> Message:
        """As `Words.dtmf`."""
        return self.written("dtmf", digit=key)

    def mark(self, name: str) -> Message:
        """As `Words.mark`, which it has none of: that all was played."""
        return self.written("playback_completed")

    def plays(self, is_playing: bool) -> Sequence[Message]:
        """As `Words.plays`."""
        if is_playing == self._is_playing:
            return ()
        self._is_playing = is_playing
        return (self.written(f"playback_{'started' if is_playing else 'completed'}"),)

    def counted(self, message: Message, now: float) -> Sequence[Message]:
        """As `Words.counted`: audio 5 times a second, and 25 times at once."""
        if isinstance(message, str):
            return ()
        self._allowed = min(BURST, self._allowed + (now - self._counted) * PER_SECOND)
        self._counted = now
        if self._allowed >= 1:
            self._allowed -= 1
            return ()
        return (self.written("error", code=429, message="", retryAfter="PT1S"),)

    def stop(self) -> Sequence[Message]:
        """As `Words.stop`."""
        return (self.written("close", reason="end"),)

    def read(self, message: Message) -> Order:
        """As `Words.read`."""
        if isinstance(message, bytes):
            if not 0 < len(message) <= MOST:
                raise Broken("bad payload", f"{len(message)} bytes, not up to {MOST}")
            return Play(message)
        order = object_in(message)
        kind = text_in(order, "type")
        if order.get("id") != self.session or order.get("version") != "2":
            raise Broken("wrong stream", f"in a {kind[:40]}")
        due = self._theirs + 1
        if order.get("seq") != due:
            raise Broken("wrong stream", f"{kind[:40]} is not message {due}")
        self._theirs = due
        if kind == "event":
            entities = part_in(order, "parameters").get("entities")
            return Clear() if '"barge_in"' in json.dumps(entities) else None
        if kind == "disconnect":
            return Part()
        if kind not in _KNOWN:
            raise Broken("unknown event", f"got {kind[:40]!r}")
        return None

    def written(self, kind: str, **parameters: Any) -> str:
        """The next message of this session: for what a `Leg` does not say."""
        self._ours += 1
        return json.dumps(
            {
                "version": "2",
                "id": self.session,
                "type": kind,
                "seq": self._ours,
                "serverseq": self._theirs,
                "position": f"PT{self._said * FRAME:.2f}S",
                "parameters": parameters,
            }
        )
