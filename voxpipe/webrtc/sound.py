"""Sound as aiortc has it, and as we do: it decodes all to stereo at 48,000 Hz.

- Opus is always stereo there, at 96 kbit/s. A mono frame would come out 3 dB quieter,
  and one of another rate 20 ms late: what we send is doubled to stereo here.
- Nothing is made up for packets that were lost: what it decodes is given on with its
  place, so that gaps are seen.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

try:
    from av import AudioFrame, AudioResampler
except ImportError as error:
    raise ImportError("av: pip install 'voxpipe[webrtc]'") from error

RATE = 48_000  # Hz, of Opus
PACKET = 0.02  # seconds in each
_SAMPLES = int(RATE * PACKET)
_TIME_BASE = Fraction(1, RATE)


class Upsampled:
    """Makes packets of our sound: 20 ms each, whatever there is of it.

    Args:
        rate: of what comes.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._size = int(rate * PACKET) * 2
        self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
        self._rest: NDArray[np.int16] = np.zeros(0, np.int16)
        self._packets = 0

    @property
    def size(self) -> int:
        """Bytes that a packet takes."""
        return self._size

    def packet(self, pcm: bytes) -> AudioFrame:
        """The next packet; what is missing of 20 ms is silence."""
        samples = np.frombuffer(pcm[: self._size].ljust(self._size, b"\0"), np.int16)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "mono")
        frame.sample_rate = self._rate
        frame.pts = self._packets * (self._size // 2)
        frame.time_base = Fraction(1, self._rate)
        made = [each.to_ndarray()[0] for each in self._resampler.resample(frame)]
        ready = np.concatenate([self._rest, *made])
        # Its filter keeps some samples, once: silence stands for them.
        ready = np.concatenate(
            [np.zeros(max(0, _SAMPLES - len(ready)), np.int16), ready]
        )
        self._rest = ready[_SAMPLES:]
        stereo = np.repeat(ready[:_SAMPLES], 2).reshape(1, -1)
        packet = AudioFrame.from_ndarray(stereo, "s16", "stereo")
        packet.sample_rate, packet.time_base = RATE, _TIME_BASE
        packet.pts = self._packets * _SAMPLES
        self._packets += 1
        return packet


class Downsampled:
    """Makes our sound of what was decoded.

    Args:
        rate: of what is wanted.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._resampler = AudioResampler(format="s16", layout="mono", rate=rate)

    def pcm(self, frame: AudioFrame) -> tuple[bytes, int]:
        """The sound, and how many samples there were before it, lost ones included."""
        rate = frame.sample_rate or RATE
        before = (frame.pts or 0) * self._rate // rate
        frame.pts = None  # a gap is for others to tell: it would be filled here
        made = self._resampler.resample(frame)
        return b"".join(each.to_ndarray().tobytes() for each in made), before
