"""Row 27: how a stream is cut changes no sample, whatever it goes through."""

from __future__ import annotations

from random import Random
from typing import Any

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.processors.audio import (
    Chunks,
    Decode,
    Encode,
    Gain,
    Mono,
    Resample,
    Stereo,
)

from .row import Figure

RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000)  # Hz
SIZES = (0, 1, 2, 3, 5, 80, 160, 441, 977)  # samples
SAMPLES = 2_000


def hygiene(streams: int = 1_500) -> Figure:
    """Streams of noise, each through a few boxes, whole and in pieces."""
    changed = 0
    for number in range(streams):
        random = Random(f"stream {number}")
        drawn = drawing(random)
        format = AudioFormat("pcm16", random.choice(RATES), random.choice((1, 2)))
        noise = random.randbytes(SAMPLES * format.sample_bytes)
        whole = through(made(drawn), [AudioFrame(data=noise, format=format)])
        pieces = through(made(drawn), in_pieces(random, noise, format))
        changed += whole != pieces
    return Figure(f"{changed} of {streams:,} streams changed", kept=changed == 0)


def drawing(random: Random) -> list[tuple[type[Any], tuple[Any, ...]]]:
    """What a stream goes through, to be made twice."""
    boxes: list[tuple[type[Any], tuple[Any, ...]]] = []
    for _ in range(random.randint(1, 4)):
        boxes += random.choice(
            (
                [(Gain, (random.uniform(-60, 30),))],
                [(Resample, (random.choice(RATES),))],
                [(Chunks, (random.choice((0.001, 0.02, 0.033)),))],
                [(Mono, ())],
                [(Stereo, ())],
                [(Encode, (random.choice(("ulaw", "alaw")),)), (Decode, ())],
            )
        )
    return boxes


def made(drawn: list[tuple[type[Any], tuple[Any, ...]]]) -> list[Any]:
    """The boxes."""
    return [box(*arguments) for box, arguments in drawn]


def in_pieces(random: Random, data: bytes, format: AudioFormat) -> list[AudioFrame]:
    """The same audio, cut at random places."""
    frames: list[AudioFrame] = []
    at = 0
    while at < len(data):
        length = random.choice(SIZES) * format.sample_bytes
        start = at / format.bytes_per_second
        frames.append(AudioFrame(data=data[at:][:length], format=format, start=start))
        at += length
    return frames


def through(boxes: list[Any], frames: list[AudioFrame]) -> tuple[Any, bytes]:
    """What comes out at the end: its format, and all samples."""
    for box in boxes:
        fed = [made for frame in frames for made in box.feed(frame)]
        frames = [*fed, *box.flush()]
    formats = {frame.format for frame in frames if frame.data}
    return formats, b"".join(frame.data for frame in frames)
