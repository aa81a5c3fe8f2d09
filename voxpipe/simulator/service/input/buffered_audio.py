"""Audio that was written and is not yet part of an item, by its place in the stream.

Positions are milliseconds of audio written since the session began.
"""

from __future__ import annotations

from voxpipe.simulator.audio.sound import WireFormat
from voxpipe.simulator.errors import Refusal

from .turn_detection import FRAME_MS

MAX_BUFFERED = 10 * 60_000  # ms that may wait to be committed


class BufferedAudio:
    """Audio with its place in the stream.

    Attributes:
        open_from: where the audio begins that no item has taken yet, in ms.
    """

    def __init__(self, format: WireFormat) -> None:
        self.format = format
        self.open_from = 0
        self._held = bytearray()
        self._held_from = 0  # ms
        self._unheard = 0  # bytes at the end that no whole frame has taken

    @property
    def written(self) -> int:
        """How much was ever written, in whole ms."""
        return self._held_from + len(self._held) // self.format.bytes_per_ms

    @property
    def heard(self) -> int:
        """The end of the last whole frame, in ms."""
        heard = len(self._held) - self._unheard
        return self._held_from + heard // self.format.bytes_per_ms

    def write(self, data: bytes) -> bytes:
        """Add ``data``; gives the whole frames that this has completed.

        Raises:
            Refusal: more is waiting than the simulator keeps.
        """
        arrived = len(data) // self.format.bytes_per_ms
        if self.written - self.open_from + arrived > MAX_BUFFERED:
            raise Refusal(
                "input_audio_buffer_full",
                f"This simulator keeps at most {MAX_BUFFERED // 60_000} minutes of "
                "audio that was not committed. Commit or clear the buffer.",
                "audio",
            )
        self._held += data
        self._unheard += len(data)
        whole = self._unheard // self.frame_bytes * self.frame_bytes
        start = len(self._held) - self._unheard
        self._unheard -= whole
        return bytes(self._held[start : start + whole])

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame of 32 ms."""
        return FRAME_MS * self.format.bytes_per_ms

    def cut(self, start: int, end: int) -> bytearray:
        """The audio between two positions in ms, as far as it is still here."""
        each = self.format.bytes_per_ms
        first = max(0, start - self._held_from) * each
        last = (end - self._held_from) * each
        return self._held[first : max(first, last)]

    def forget(self, before: int) -> None:
        """Let go of what lies before this position in ms."""
        count = min(before, self.heard) - self._held_from
        if count > 0:
            del self._held[: count * self.format.bytes_per_ms]
            self._held_from += count

    def clear(self) -> None:
        """Let go of everything; positions go on from here."""
        self.forget(self.heard)
        self.open_from = self.written

    def switch(self, format: WireFormat) -> None:
        """From now on ``format`` is written; what waits is let go of."""
        if format == self.format:
            return
        # A frame that was begun counts as whole, so that frames keep their grid.
        self._held_from = self.heard + (FRAME_MS if self._unheard else 0)
        self._held = bytearray()
        self._unheard = 0
        self.open_from = self._held_from
        self.format = format
