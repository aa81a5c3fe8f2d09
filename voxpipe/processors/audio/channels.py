"""One channel or two."""

from __future__ import annotations

from typing import Literal

import numpy as np

from voxpipe.pipeline import AudioFormat, AudioFrame, Filter, WiringError
from voxpipe.pipeline.samples import to_int16

from .pcm import need_pcm16


class Mono(Filter[AudioFrame]):
    """One channel: the mean of left and right, or one of them.

    What is mono already passes untouched.

    Args:
        channel: 0 for the left side alone, 1 for the right: for a sound card with the
            microphone on one side, of which the mean would be half as loud. By default
            the mean of both.

    Raises:
        WiringError: there is no such channel.
    """

    def __init__(self, channel: Literal[0, 1] | None = None) -> None:
        if channel not in (None, 0, 1):
            raise WiringError(
                f"channel is 0 for left or 1 for right, not {channel!r}; the mean of "
                "both is Mono()"
            )
        self._channel = channel

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
        if self._channel is not None:
            data = sides[:, self._channel].tobytes()
            return (frame.with_data(data, self.leaves_as(frame.format)),)
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
