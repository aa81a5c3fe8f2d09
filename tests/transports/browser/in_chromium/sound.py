"""What a page's loudspeaker has played, taken out of the page and measured."""

from __future__ import annotations

import base64
import wave
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from .chromium import Tab
from .stand_in import RATE

Sound = np.ndarray[Any, np.dtype[np.float64]]
Speech = np.ndarray[Any, np.dtype[np.int16]]

_TAKE = """(() => {
  const all = new Float32Array(sound.reduce((sum, each) => sum + each.tap.length, 0));
  let at = 0;
  for (const { tap } of sound) { all.set(tap, at); at += tap.length; }
  const bytes = new Uint8Array(all.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) {
    text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  }
  return { data: btoa(text), rate: call.context.sampleRate };
})()"""


async def played(tab: Tab) -> tuple[Sound, int]:
    """All that has left for the ear since the call began, in ±1, and its rate."""
    told = await tab.run(_TAKE)
    raw = np.frombuffer(base64.b64decode(told["data"]), np.float32)
    return raw.astype(np.float64), int(told["rate"])


def found(heard: Sound, rate: int, said: Sound, *, alike: float = 0.99) -> float:
    """How much of what was said, at `RATE`, was heard: 1 is each 0.2 s of it, exactly.

    Or so ``alike`` that a codec may be between. Piece by piece, since a machine that is
    too busy makes pauses.
    """
    wanted: Sound = soxr.resample(said, RATE, rate)
    pieces = np.array_split(wanted, len(wanted) // round(0.2 * rate))
    loud = [each for each in pieces if np.abs(each).max() > 500]
    return sum(_likeness(heard, each) > alike for each in loud) / len(loud)


def _likeness(heard: Sound, wanted: Sound) -> float:
    """The correlation at the place where it is largest."""
    size = len(heard) + len(wanted)
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    at = int(np.argmax(np.fft.irfft(product, size)))
    part = heard[at : at + len(wanted)]
    norm = np.linalg.norm(part) * np.linalg.norm(wanted[: len(part)])
    return float(np.dot(part, wanted[: len(part)]) / norm)


def speech(seconds: float, seed: int = 7) -> Speech:
    """Something that is like nothing else, in the band of speech: 16 bits at `RATE`."""
    noise = np.random.default_rng(seed).normal(size=round(seconds * RATE))
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum[(hertz < 150) | (hertz > 4_000)] = 0
    band = np.fft.irfft(spectrum, len(noise))
    sound: Speech = (band / np.abs(band).max() * 20_000).astype(np.int16)
    return sound


def write_wav(path: Path, samples: Sound, rate: int) -> None:
    """A file as Chromium likes it: 16 bits, mono."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
