"""Counts of a run: always kept, never in anybody's way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BoxStats:
    """A fused box.

    Attributes:
        taken: frames that it was given.
        made: frames that left it.
        busy: seconds of work, without the boxes behind it; 0 unless somebody watched.
    """

    taken: int
    made: int
    busy: float


@dataclass(frozen=True, slots=True)
class InputStats:
    """The queue in front of an input.

    Attributes:
        capacity: frames that may be queued.
        capacity_ms: milliseconds of audio that may be queued.
        delivered: frames that its processor has read.
        depth: frames queued now.
        depth_ms: milliseconds of audio queued now.
        high_water: most frames that were ever queued.
        high_water_ms: most audio that was ever queued.
        dropped: audio that made room for newer audio.
        stale: frames of cut turns.
        discarded: frames that came after the reader had finished.
    """

    capacity: int
    capacity_ms: float
    delivered: int
    depth: int
    depth_ms: float
    high_water: int
    high_water_ms: float
    dropped: int
    stale: int
    discarded: int


@dataclass(frozen=True, slots=True)
class OutputStats:
    """An output: frames sent, and frames of cut turns that were not."""

    sent: int
    stale: int


@dataclass(frozen=True, slots=True)
class Stats:
    """A pipeline's counts, by the names in its diagram.

    Attributes:
        boxes: the fused ones.
        inputs: by ``processor.port``.
        outputs: by ``processor.port``.
        faults: unusable things from outside, by processor, since each was made.
    """

    boxes: Mapping[str, BoxStats]
    inputs: Mapping[str, InputStats]
    outputs: Mapping[str, OutputStats]
    faults: Mapping[str, int]
