"""What callers and the stand-in model say: real speech, cut to begin and end loud.

So that a moment can be measured to the sample, both begin with a loud one, and the
caller falls silent after one. What is quieter than that counts as silence on both
sides: a resampler rings a little around a pause.

The recordings are those of `voxpipe demo`.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

import voxpipe.console
from voxpipe.processors.audio.g711 import compression, expansion

Wire = Literal["ulaw", "pcm"]  # 8,000 Hz and 24,000 Hz, as the service speaks them

FRAME = 160  # bytes: 20 ms from a telephone
RATE = {"ulaw": 8_000, "pcm": 48_000}  # bytes a second
WIDTH = {"ulaw": 1, "pcm": 2}  # bytes of a sample
SILENT = 0xFF  # the code of zero
LOUD = 256  # of 32768: -42 dB
HISS = 64  # of 32768, root mean square: -54 dB, a room with people in it
HISS_FRAMES = 50  # a second of it, again and again

# The service's deltas were 12,000 bytes of PCM when somebody last published a capture.
DELTA = 0.25  # seconds

_FOLDER = Path(voxpipe.console.__file__).parent / "recordings"
_CALLER = "4-goodbye.wav"  # 1.4 s, without a pause that could end a turn
_AGENT = "3-book.wav"  # 4.6 s

_LEVELS = np.abs(expansion("ulaw").astype(int))
QUIET_ULAW = bytes(np.flatnonzero(_LEVELS < LOUD).tolist())
QUIET_HIGH = b"\x00\xff"  # the high bytes of quiet pcm16 samples


def caller_frames(wire: Wire = "ulaw") -> list[bytes]:
    """An utterance in frames of 20 ms; it ends in the middle of the last one.

    People fall silent anywhere in a frame. If it were at the end of one, a delay of a
    single sample would make the 500 ms of silence a frame longer.
    """
    codes = _ulaw(_spoken(_CALLER, 8_000)).tobytes() + bytes([SILENT]) * (FRAME // 2)
    codes = codes[len(codes) % FRAME :]  # rather at the beginning than at the end
    if wire == "ulaw":
        return _cut(codes, FRAME)
    samples = expansion("ulaw")[np.frombuffer(codes, np.uint8)]
    return _cut(_widened(samples), FRAME * RATE["pcm"] // RATE["ulaw"])


def quiet_frames(wire: Wire = "ulaw", *, noise: bool = False) -> list[bytes]:
    """What a line carries when nobody speaks: nothing, or the noise of a room.

    Noise counts as silence on both sides, and costs a call what silence does not: no
    frame is like the last one.
    """
    size = RATE[wire] // 50
    if not noise:
        return [bytes([SILENT]) * size if wire == "ulaw" else bytes(size)]
    count = HISS_FRAMES * (size if wire == "ulaw" else size // 2)
    hiss = np.random.default_rng(0).normal(0, HISS, count)
    samples = hiss.clip(-LOUD // 2, LOUD // 2).astype("<i2")
    return _cut(_ulaw(samples).tobytes() if wire == "ulaw" else samples.tobytes(), size)


def agent_deltas(wire: Wire) -> list[bytes]:
    """A reply in the pieces in which the service sends it."""
    samples = _spoken(_AGENT, 8_000)
    # Both from 8,000 Hz, so that they begin with the same sound: a consonant that no
    # telephone carries would be loud in one of them only.
    data = _ulaw(samples).tobytes() if wire == "ulaw" else _widened(samples)
    return _cut(data, int(DELTA * RATE[wire]))


def agent_seconds() -> float:
    """How long a reply is."""
    return sum(map(len, agent_deltas("ulaw"))) / RATE["ulaw"]


def quiet_head(data: bytes, wire: Wire = "ulaw") -> int:
    """Samples before the first loud one; all of them if there is none."""
    if wire == "ulaw":
        return len(data) - len(data.lstrip(QUIET_ULAW))
    high = data[1::2]
    return len(high) - len(high.lstrip(QUIET_HIGH))


def quiet_tail(data: bytes, wire: Wire) -> int:
    """Samples after the last loud one; all of them if there is none."""
    if wire == "ulaw":
        return len(data) - len(data.rstrip(QUIET_ULAW))
    high = data[1::2]
    return len(high) - len(high.rstrip(QUIET_HIGH))


def _spoken(name: str, rate: int) -> NDArray[np.int16]:
    with wave.open(str(_FOLDER / name)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        resampled = soxr.resample(samples, file.getframerate(), rate)
    loud = np.flatnonzero(np.abs(resampled.astype(int)) >= 2 * LOUD)
    return np.asarray(resampled[loud[0] : loud[-1] + 1], np.int16)


def _widened(samples: NDArray[np.int16]) -> bytes:
    """From 8,000 to 24,000 Hz."""
    return bytes(soxr.resample(samples, 8_000, 24_000).astype("<i2").tobytes())


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _ulaw(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    return compression("ulaw")[samples.view(np.uint16)]
