"""Cuts what is heard into phrases, at the pauses; counted in audio, not in time."""

from __future__ import annotations

import numpy as np

from voxpipe.simulator.audio.sound import VOICE_RATE
from voxpipe.simulator.service.input.turn_detection import (
    FRAME_MS,
    TurnDetector,
    levels,
)

PAUSE = 500  # ms of silence that end a phrase; less is a comma
_FRAME = FRAME_MS * VOICE_RATE // 1000  # samples
_VAD = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": PAUSE}


class Phrases:
    """Follows the audio of a speaker."""

    def __init__(self) -> None:
        self._detector = TurnDetector(_VAD)
        self._rest = b""  # less than one frame of the detector
        self._heard = 0  # ms
        self._began = 0  # ms

    @property
    def open(self) -> bool:
        """Somebody is in the middle of a phrase."""
        return self._detector.speaking

    def hear(self, pcm: bytes) -> list[int]:
        """Take audio; gives how long each phrase was that has ended in it, in ms."""
        data = self._rest + pcm
        whole = len(data) // (_FRAME * 2) * _FRAME * 2
        self._rest = data[whole:]
        ended: list[int] = []
        for level in levels(np.frombuffer(data[:whole], "<i2"), _FRAME):
            self._heard += FRAME_MS
            change = self._detector.hear(level)
            if change == "started":
                self._began = self._heard - self._detector.onset_ms
            elif change == "stopped":
                ended.append(self._heard - PAUSE - self._began)
        return ended
