"""Audio in pieces of one length, however it came."""

from __future__ import annotations

from collections.abc import Iterator

from voxpipe.pipeline import AudioFrame, Filter, WiringError

MAX_CHUNK = 1.0  # seconds; more is a mistake of units


class Chunks(Filter[AudioFrame]):
    """Cut and join audio into frames of one length.

    A model speaks in deltas of 250 ms and more; a packet line wants its 20 ms, and an
    engine its block. The end of a reply, and of a stream, may be shorter. Less than one
    such frame is held back until the rest of it has come.

    Args:
        seconds: of audio in each frame that leaves; rounded to whole samples.

    Raises:
        WiringError: not seconds up to 1.
    """

    def __init__(self, seconds: float) -> None:
        if not 0 < seconds <= MAX_CHUNK:
            raise WiringError(
                f"a chunk lasts up to {MAX_CHUNK:g} s, such as 0.02, not {seconds!r}"
            )
        self._seconds = seconds
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._rest = b""
        self._start = 0.0  # of the rest
        self._last: AudioFrame | None = None

    def feed(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        """The frames that this one completes."""
        format, held = frame.format, len(self._rest)
        size = max(format.bytes_in(self._seconds), format.sample_bytes)
        if not held and frame.size == size:
            yield frame
            return
        data, start = self._rest + frame.data, self._start
        whole = len(data) - len(data) % size
        self._rest, self._last = data[whole:], frame
        for at in range(0, len(data), size):
            if at >= held:  # audio may be missing in front of this frame
                start = frame.start + (at - held) / format.bytes_per_second
            if at == whole:
                break
            yield AudioFrame(
                data=data[at : at + size], format=format, start=start, turn=frame.turn
            )
        self._start = start

    def flush(self) -> tuple[AudioFrame, ...]:
        """The end, shorter than the others."""
        rest, start, last = self._rest, self._start, self._last
        self.reset()
        if not rest or last is None:
            return ()
        return (AudioFrame(data=rest, format=last.format, start=start, turn=last.turn),)
