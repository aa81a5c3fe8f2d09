"""espeak-ng through the PyPI package ``espeakng_loader``, without a program installed.

Source of the numbers: espeak-ng's ``speak_lib.h``, API revision 12.
"""

from __future__ import annotations

import ctypes
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

try:
    import espeakng_loader
except ModuleNotFoundError as missing:
    raise ImportError(
        "this voice is an extra: pip install 'voxpipe[speech]'"
    ) from missing

from voxpipe.simulator.audio.sound import at_voice_rate
from voxpipe.simulator.errors import VoiceError

from .speech import pitch_of, rate_of

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: samples go to the callback, in this thread
_DO_NOT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT
_UTF8 = 1  # espeakCHARS_UTF8
_RATE, _PITCH = 1, 3  # espeak_PARAMETER
_CHARACTER = 1  # POS_CHARACTER
_CHUNK_MS = 200

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
# The library is one global state machine: one voice speaks at a time in a process.
_lock = Lock()


class _Library:
    """The loaded library; made once in a process."""

    def __init__(self) -> None:
        library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        rate = library.espeak_Initialize(
            _SYNCHRONOUS,
            _CHUNK_MS,
            str(espeakng_loader.get_data_path()).encode(),
            _DO_NOT_EXIT,
        )
        if rate <= 0:
            raise VoiceError("espeak-ng found no voice data")
        if library.espeak_SetVoiceByName(b"en-us"):
            raise VoiceError("espeak-ng has no American English")
        self._library = library
        self._rate: int = rate
        self._heard: list[bytes] = []
        self._callback = _Callback(self._hear)  # must live as long as the library

    def _hear(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._heard.append(ctypes.string_at(samples, count * 2))
        return 0  # go on

    def speak(self, text: str, pitch: int, rate: int) -> bytes:
        data = text.replace("\0", " ").encode("utf-8", "replace") + b"\0"
        self._heard = []
        # Somebody else in the process may have set theirs, and have let it go since.
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetParameter(_RATE, rate, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        failed = self._library.espeak_Synth(
            data, ctypes.c_size_t(len(data)), 0, _CHARACTER, 0, _UTF8, None, None
        )
        if failed:
            raise VoiceError(f"espeak-ng could not speak: error {failed}")
        heard, self._heard = b"".join(self._heard), []
        return at_voice_rate(np.frombuffer(heard, "<i2"), self._rate)


_load = cache(_Library)


class EspeakVoice:
    """American English by espeak-ng: 3 s of speech in about 11 ms.

    Raises:
        VoiceError: the library or its data cannot be used.
    """

    def __init__(self) -> None:
        with _lock:
            self._library = _load()

    def speak(self, text: str, voice: str, speed: float) -> bytes:
        """As `voxpipe.simulator.Voice.speak`."""
        with _lock:
            return self._library.speak(text, pitch_of(voice), rate_of(speed))
