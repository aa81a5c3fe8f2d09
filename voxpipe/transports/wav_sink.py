"""A WAV file in the place of a loudspeaker: it holds what was heard, and no more.

A loudspeaker has a clock, and so has this: a reply is taken at the pace of speech, and
when it is cut, the file ends at the sample that the turn's ledger has frozen. Writing
goes through the page cache, a few microseconds for each frame; a thread would cost more
and could not run in virtual time.
"""

from __future__ import annotations

from io import BufferedWriter
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Literal

from anyio import current_time
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Output,
    Playout,
    PlayoutInput,
    Processor,
    ReplyFrame,
    Turn,
)
from voxpipe.pipeline.audio import checked_format
from voxpipe.pipeline.runtime.private import private_file
from voxpipe.pipeline.runtime.words import one_of

from .tap import Tap
from .wav_writer import WavWriter

Gaps = Literal["silence", "nothing"]

UNDERRUN = 0.001  # seconds; a shorter gap is how late the loop woke us, not a pause


class WavSink(Processor):
    """Plays replies into a file, and reports what was heard.

    The file is valid from the start, while it grows, and after a cancellation.

    Args:
        path: made anew, over what was there; a new file is for its owner alone (0600).
        format: of the replies, and so of the file.
        gaps: what stands where nothing was said: ``silence``, so that the file lasts as
            long as the run, or ``nothing``, so that replies follow each other.

    Raises:
        FormatError: the format is none.
        WiringError: another word for ``gaps``.
        OSError: the file cannot be written.
    """

    speaks = PlayoutInput[ReplyFrame]()
    played = Output[AudioFrame]()

    def __init__(
        self,
        path: str | PathLike[str],
        format: AudioFormat,
        *,
        gaps: Gaps = "silence",
    ) -> None:
        one_of(Gaps, gaps, "gaps")
        self.path = Path(path)
        self.speaks.format = self.played.format = checked_format(format)
        self._format = format
        self._gaps: Gaps = gaps
        self._began = 0.0
        self._free_at = 0.0  # when all that was written will have been heard
        with self._open() as file, WavWriter(file, format):
            pass  # a path that cannot be written is an error before the call

    def __repr__(self) -> str:
        return f"<WavSink {self.name}: {self.path}>"

    async def run(self) -> None:
        """Play until the replies have ended and the last sample was heard."""
        self._began = self._free_at = current_time()
        with self._open() as file, WavWriter(file, self._format) as wav:

            async def write(frame: AudioFrame) -> None:
                now = current_time()
                # In a gap all that came before it was heard, so it is in the file.
                if now - self._free_at > UNDERRUN:
                    await self._fill(wav, now)
                self._free_at = max(now, self._free_at) + frame.duration

            tap = Tap(self.played, lambda frame: wav.write(frame.data))
            await Playout(
                self.speaks, write, clear=self._stop, played=tap, basis="measured"
            ).run()
            await self._fill(wav, current_time())

    def _open(self) -> BinaryIO:
        return BufferedWriter(private_file(self.path))

    async def _stop(self, _: Turn | None) -> None:
        self._free_at = min(self._free_at, current_time())

    async def _fill(self, wav: WavWriter, now: float) -> None:
        """Silence up to the present."""
        while self._gaps == "silence":
            missing = min(now - self._began - wav.seconds, 1.0)  # a second at a time
            silence = self._format.silence(max(missing, 0.0))
            if not silence:
                return
            wav.write(silence)
            await checkpoint()
