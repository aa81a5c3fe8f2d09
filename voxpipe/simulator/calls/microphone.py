"""The caller's microphone: 20 ms at a time, silence when nothing is said."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from anyio import Event, Lock

from voxpipe.pipeline.audioframe import AudioFrame
from voxpipe.pipeline.errors import FormatError, TransportError
from voxpipe.simulator.audio import g711
from voxpipe.simulator.audio.sound import WireFormat, at_voice_rate

PIECE = 0.02  # seconds, a packet of a telephone line


class CallEnded(TransportError):
    """The call is over, or was never answered."""


@dataclass(slots=True)
class _Utterance:
    audio: bytes
    format: WireFormat
    said: Event
    position: int = 0


class Microphone:
    """What the caller says, in the order and at the pace of speech."""

    def __init__(self) -> None:
        self._speech: _Utterance | None = None
        self._turn = Lock()  # one thing is said after the other
        self._closed = False

    async def say(self, pcm: bytes, format: WireFormat) -> None:
        """Say something, and wait until it has been said.

        Args:
            pcm: 16-bit mono at 24 kHz.
            format: of the session, now.

        Raises:
            CallEnded: before it was said.
        """
        async with self._turn:
            if not self._closed:
                speech = _Utterance(format.of_voice(pcm), format, Event())
                self._speech = speech
                try:
                    await speech.said.wait()
                finally:
                    self._speech = None
                if speech.position >= len(speech.audio):
                    return
        raise CallEnded("the call is over: nobody hears this any more")

    def next(self, format: WireFormat) -> bytes:
        """The next 20 ms."""
        speech, size = self._speech, int(PIECE * 1000) * format.bytes_per_ms
        silence = format.silence(size)
        if speech is None or speech.format != format:
            return silence
        piece = speech.audio[speech.position : speech.position + size]
        speech.position += size
        if speech.position >= len(speech.audio):
            speech.said.set()
        return piece + silence[len(piece) :]

    def close(self) -> None:
        """Nobody listens any more."""
        self._closed = True
        if self._speech is not None:
            self._speech.said.set()


def read_pcm(audio: AudioFrame | bytes | str | Path) -> bytes:
    """Any speech as 16-bit mono at 24 kHz; `bytes` are that already.

    Raises:
        FormatError: a WAV file that is not 16-bit PCM, or bytes of half a sample.
        OSError: the file cannot be read.
    """
    if isinstance(audio, bytes):
        if len(audio) % 2:
            raise FormatError(f"{len(audio)} bytes are not whole samples of 16 bits")
        return audio
    if isinstance(audio, AudioFrame):
        format = audio.format
        samples = (
            np.frombuffer(audio.data, "<i2")
            if format.encoding == "pcm16"
            else g711.decode(audio.data, format.encoding)
        )
        return at_voice_rate(samples, format.rate, format.channels)
    try:
        with wave.open(str(audio), "rb") as file:
            if file.getsampwidth() != 2:
                raise FormatError(f"{audio} is not 16-bit PCM")
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return at_voice_rate(samples, file.getframerate(), file.getnchannels())
    except (wave.Error, EOFError) as error:
        raise FormatError(f"{audio} is not a WAV file of PCM: {error}") from error
