"""One channel or two."""

from __future__ import annotations

import numpy as np

from voxpipe.pipeline import AudioFormat, AudioFrame, Filter
from voxpipe.pipeline.samples import to_int16

from .pcm import need_pcm16


class Mono(Filter[AudioFrame]):
    """The average of left and right; what is mono already passes untouched."""

    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        """The same with one channel.

        Raises:
            FormatError: it is stereo, and not pcm16.
        """
        if format.channels == 1:
            return format
        need_pcm16(format, "mixing to mono")
        return AudioFormat("pcm16", format.rate)

    def feed(self, frame: AudioFrame) -> tuple[AudioFrame]:
        """One frame out for each in."""
        if frame.format.channels == 1:
            return (frame,)
        sides = frame.samples
        middle = np.add(sides[:, 0], sides[:, 1], dtype=np.float64)
        middle *= 0.5
        data = to_int16(middle).tobytes()
        return (frame.with_data(data, self.leaves_as(frame.format)),)


class Stereo(Filter[AudioFrame]):
    """The same on both sides; what is stereo already passes untouched."""

    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        """The same with two channels.

        Raises:
            FormatError: it is mono, and not pcm16.
        """
        if format.channels == 2:
            return format
        need_pcm16(format, "making stereo")
        return AudioFormat("pcm16", format.rate, 2)

    def feed(self, frame: AudioFrame) -> tuple[AudioFrame]:
        """One frame out for each in."""
        if frame.format.channels == 2:
            return (frame,)
        data = np.repeat(frame.samples, 2).tobytes()
        return (frame.with_data(data, self.leaves_as(frame.format)),)
