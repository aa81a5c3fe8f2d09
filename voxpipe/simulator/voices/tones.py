"""A voice that needs nothing: a hum for each syllable, as long as saying it takes."""

from __future__ import annotations

import re
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from voxpipe.simulator.audio.sound import VOICE_RATE

_SYLLABLE = 0.15  # seconds
_GAP = 0.04  # between words; shorter than any VAD's silence, as are the pauses
_PAUSES = {",": 0.08, ";": 0.08, ":": 0.08, ".": 0.12, "?": 0.12, "!": 0.12}
_LOUDNESS = 9000.0  # of 32767: about -14 dBFS, a clear speaker
_WORD = re.compile(r"\w+|[,;:.?!]")
_VOWELS = re.compile(r"[aeiouyäöü]+", re.IGNORECASE)


class ToneVoice:
    """Says nothing that can be understood, but audibly, and always the same.

    A syllable lasts 150 ms, so that a sentence takes about as long as a person would.
    """

    def speak(self, text: str, voice: str, speed: float) -> bytes:
        """As `voxpipe.simulator.Voice.speak`; raises nothing."""
        base = 100.0 + crc32(voice.encode()) % 80  # Hz
        pieces: list[NDArray[np.float32]] = []
        for word in _WORD.findall(text):
            if word in _PAUSES:
                pieces.append(_silence(_PAUSES[word] / speed))
                continue
            for index in range(_syllables(word)):
                # The pitch wanders with the letters, as speech does.
                pitch = base * (1 + 0.04 * (crc32(word[index:].encode()) % 9 - 4))
                pieces.append(_hum(pitch, _SYLLABLE / speed))
            pieces.append(_silence(_GAP / speed))
        if not pieces:
            return b""
        return np.concatenate(pieces).astype("<i2").tobytes()


def _syllables(word: str) -> int:
    # Digits and scripts without these vowels: about one for two characters.
    return len(_VOWELS.findall(word)) or max(1, len(word) // 2)


def _silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * VOICE_RATE), np.float32)


def _hum(pitch: float, seconds: float) -> NDArray[np.float32]:
    time = np.arange(round(seconds * VOICE_RATE), dtype=np.float32) / VOICE_RATE
    swell = np.sin(np.pi * time / seconds) ** 0.5
    wave = np.sin(2 * np.pi * pitch * time)
    wave += 0.5 * np.sin(4 * np.pi * pitch * time)
    wave += 0.25 * np.sin(6 * np.pi * pitch * time)
    hum: NDArray[np.float32] = (_LOUDNESS / 1.75 * swell * wave).astype(np.float32)
    return hum
