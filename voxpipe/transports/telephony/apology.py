"""What a caller hears when an app has failed: better than silence, and a click."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Final

from voxpipe.pipeline import AudioFormat, AudioFrame, Output, Pipeline, Processor
from voxpipe.transports.wav import read_wav

from .call import Call
from .loudness import EXPANDED
from .tones import CODES

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
    pipeline = Pipeline(_Clip(fitted(clip, call.format)).says >> call.speaks)
    await pipeline.run(deadline=clip.duration + PLAY_TIMEOUT)


def fitted(clip: AudioFrame, format: AudioFormat) -> AudioFrame:
    """The clip in the format of a call, which may be any that carriers and pages have.

    Between two samples it goes straight: that is good enough for one sentence. A clip
    of other channels stays as it is.
    """
    if clip.format == format or clip.format.channels != format.channels:
        return clip
    import numpy as np  # costs 60 ms, and most calls need none of it

    law = EXPANDED.get(clip.format.encoding)
    if law is None:
        samples = clip.samples
    else:
        table = np.array([law(code) for code in range(256)], np.int16)
        samples = table[np.frombuffer(clip.data, np.uint8)]
    count = len(samples) * format.rate // clip.format.rate
    at = np.arange(count) * (clip.format.rate / format.rate)
    moved = np.interp(at, np.arange(len(samples)), samples).astype("<i2")
    if format.encoding == "pcm16":
        data = moved.tobytes()
    else:
        code = CODES[format.encoding]
        data = b"".join(code(sample) for sample in moved.tolist())
    return AudioFrame(data=data, format=format)


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
