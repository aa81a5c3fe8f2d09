"""What a caller hears when an app has failed: better than silence, and a click."""

from __future__ import annotations

from importlib.resources import files
from os import PathLike
from pathlib import Path

from voxpipe.pipeline import AudioFrame, Output, Pipeline, Processor
from voxpipe.transports.wav import read_wav

from .call import Call

PIECE = 0.2  # seconds that are sent at once; a caller may hang up in between
PATIENCE = 5.0  # seconds that it may take longer than it lasts


def apology(path: str | PathLike[str] | None = None) -> AudioFrame:
    """A recording, as one frame: a WAV file, or the sentence that comes with voxpipe.

    Raises:
        WavError: it cannot be read.
        OSError: it cannot be opened.
    """
    if path is None:
        clip = files("voxpipe.transports.telephony") / "clips" / "apology.wav"
        format, data = read_wav(clip)
    else:
        format, data = read_wav(Path(path))
    return AudioFrame(data=data, format=format)


async def apologise(call: Call, clip: AudioFrame) -> None:
    """Play ``clip`` over a call that runs no longer, in a pipeline of its own."""
    pipeline = Pipeline(_Clip(clip).says >> call.speaks)
    await pipeline.run(deadline=clip.duration + PATIENCE)


class _Clip(Processor):
    """Says one thing, once."""

    says = Output[AudioFrame]()

    def __init__(self, clip: AudioFrame) -> None:
        self.says.format = clip.format
        self._clip = clip

    async def run(self) -> None:
        rest = self._clip
        while rest.size:
            if not await self.says.send(rest.before(PIECE)):
                return
            rest = rest.after(PIECE)
