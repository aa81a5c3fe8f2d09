"""What a caller hears when an app has failed: better than silence, and a click."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Final

from voxpipe.pipeline import AudioFrame, Output, Pipeline, Processor
from voxpipe.transports.wav import read_wav

from .call import Call

SORRY: Final = Path(__file__).parent / "clips" / "apology.wav"
"""'I am sorry, there is a technical problem. Please call again later.'"""

PIECE = 0.2  # seconds that are sent at once; a caller may hang up in between
PLAY_TIMEOUT = 5.0  # seconds that it may take longer than it lasts


def read_clip(path: str | PathLike[str]) -> AudioFrame:
    """A WAV file as one frame.

    Raises:
        WavError: it cannot be read.
        OSError: it cannot be opened.
    """
    format, data = read_wav(Path(path))
    return AudioFrame(data=data, format=format)


async def apologise(call: Call, clip: AudioFrame) -> None:
    """Play ``clip`` over a call that runs no longer, in a pipeline of its own."""
    pipeline = Pipeline(_Clip(clip).says >> call.speaks)
    await pipeline.run(deadline=clip.duration + PLAY_TIMEOUT)


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
