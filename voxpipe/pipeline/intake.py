"""Bytes from outside become frames here: the one place where rubbish is sorted out."""

from __future__ import annotations

from collections.abc import Callable

from .audio import AudioFormat, bytes_of, checked_format
from .audioframe import AudioFrame
from .errors import FormatError


class Intake:
    """Makes the audio of one incoming stream into frames.

    A sample that was split between two messages is put together again: padding it
    would shift every later byte.

    Args:
        format: what the other side announced.
        report: told of each fault, such as `Processor.report`.

    Raises:
        FormatError: the format is none.
    """

    def __init__(self, format: AudioFormat, report: Callable[[str], None]) -> None:
        self.format = checked_format(format)
        self._report = report
        self._rest: bytes = b""
        self._bytes = 0

    @property
    def seconds(self) -> float:
        """How much audio has come in."""
        return self._bytes / self.format.bytes_per_second

    def feed(self, data: bytes) -> AudioFrame | None:
        """The audio in one message; ``None`` when there is no whole sample in it.

        Raises:
            FormatError: it is no bytes, but such as an array.
        """
        if type(data) is not bytes:
            data = bytes_of(data)
        if not data:
            self._report("expected audio, got an empty message")
            return None
        if self._rest:
            data = self._rest + data
        whole = len(data) - len(data) % self.format.sample_bytes
        self._rest = data[whole:]
        if self._rest:
            self._report(
                f"a message ends within a sample of {self.format}; its rest is "
                "expected at the start of the next"
            )
            data = data[:whole]
        if not data:
            return None
        frame = AudioFrame(data=data, format=self.format, start=self.seconds)
        self._bytes += whole
        return frame

    def feed_base64(self, text: str) -> AudioFrame | None:
        """The audio in one message of text; ``None`` when it is unusable."""
        per_second = self.format.bytes_per_second
        try:
            frame = AudioFrame.from_base64(
                text, self.format, start=self._bytes / per_second
            )
        except FormatError as error:
            self._report(str(error))
            return None
        if not frame.duration:
            self._report("expected audio, got an empty message")
            return None
        self._bytes += round(frame.duration * per_second)  # exactly what it was
        return frame

    def check(self, frame: AudioFrame) -> AudioFrame | None:
        """Audio that comes as frames already; ``None`` when it is unusable."""
        if frame.format != self.format:
            self._report(f"expected {self.format}, got {frame.format}: dropped")
            return None
        if not frame.size:
            self._report("expected audio, got an empty frame")
            return None
        placed = frame.moved(start=self.seconds, turn=frame.turn)
        self._bytes += frame.size
        return placed
