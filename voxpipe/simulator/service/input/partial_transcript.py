"""The transcript of a turn that is not committed, by a model that writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voxpipe.simulator.protocol.transcribers import delay_ms
from voxpipe.simulator.script.script import Line
from voxpipe.simulator.service.conversation.items import ContentPart, Item
from voxpipe.simulator.service.conversation.tokens import words

from .turn_detection import FRAME_MS, TurnDetector

_WORD_MS = 250  # a fast speaker: a slower one is behind with their own script
_VAD = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 500}


class PartialTranscript:
    """What is written while somebody speaks.

    Args:
        id: that the item will have.
        settings: the session's ``transcription``.
        listen: tells what is said in an item.
        write: sends a delta.
    """

    def __init__(
        self,
        id: str,
        settings: Mapping[str, Any],
        listen: Callable[[Item], Line | None],
        write: Callable[[Item, str], None],
    ) -> None:
        self.item = Item(id, role="user", content=[ContentPart("input_audio")])
        self._delay = delay_ms(settings)
        self._listen = listen
        self._write = write
        self._detector = TurnDetector(_VAD)
        self._spoken = 0  # ms
        self._tokens: list[str] = []
        self.line: Line | None = None  # the script's, once somebody has spoken
        self.begun = False
        self.told = 0  # tokens that are out

    def hear(self, level: float) -> None:
        """Take the next frame of 32 ms."""
        change = self._detector.hear(level)
        if change == "started" and not self.begun:
            self.begun = True
            self.line = self._listen(self.item)
            self._tokens = words(self.item.content[0].words or "")
        if not self._detector.speaking:
            return
        self._spoken += FRAME_MS
        known = max(0, self._spoken - self._delay) // _WORD_MS
        for token in self._tokens[self.told : known]:
            self._write(self.item, token)
            self.told += 1
