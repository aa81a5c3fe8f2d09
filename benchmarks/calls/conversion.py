"""The bridge's audio: G.711 handed on as text, or converted with soxr both ways."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from voxpipe.processors.audio.g711 import compression, expansion

Quality = Literal["HQ", "VHQ"]
"""soxr's default, and what Pipecat uses for every stream: it holds back more."""


class Straight:
    """The model speaks G.711: nothing to do."""

    format = {"type": "audio/pcmu"}

    def heard(self, payload: str) -> str:
        """From the caller to the model."""
        return payload

    def begin(self) -> None:
        """A reply begins."""

    def said(self, delta: str) -> str:
        """From the model to the caller."""
        return delta

    def rest(self) -> str:
        """What is left of a reply at its end."""
        return ""


class Soxr:
    """The model speaks PCM at 24,000 Hz: two streaming resamplers a call."""

    format = {"type": "audio/pcm", "rate": 24_000}

    def __init__(self, quality: Quality) -> None:
        def stream(before: int, after: int) -> soxr.ResampleStream:
            return soxr.ResampleStream(before, after, 1, dtype="int16", quality=quality)

        self._up, self._down = stream(8_000, 24_000), stream(24_000, 8_000)
        self._expand, self._compress = expansion("ulaw"), compression("ulaw")

    def heard(self, payload: str) -> str:
        """From the caller to the model; nothing while the resampler holds it back."""
        codes = np.frombuffer(b64decode(payload), np.uint8)
        samples = self._up.resample_chunk(self._expand[codes])
        return b64encode(samples.tobytes()).decode()

    def begin(self) -> None:
        """A reply begins."""
        self._down.clear()

    def said(self, delta: str) -> str:
        """From the model to the caller; nothing while the resampler holds it back."""
        samples = np.frombuffer(b64decode(delta), np.int16)
        return self._encoded(samples, last=False)

    def rest(self) -> str:
        """What the resampler has held back."""
        return self._encoded(np.zeros(0, np.int16), last=True)

    def _encoded(self, samples: NDArray[np.int16], *, last: bool) -> str:
        samples = self._down.resample_chunk(samples, last=last)
        return b64encode(self._compress[samples.view(np.uint16)].tobytes()).decode()
