"""Where each sample of a recording belongs, without a clock or a disk."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.recorder.timeline import (
    BATCH,
    JITTER,
    SIDE_TIMEOUT,
    Block,
    Side,
    Timeline,
)

RATE = 8_000


def tone(value: int, seconds: float) -> bytes:
    return np.full(round(seconds * RATE), value, "<i2").tobytes()


def joined(blocks: Iterable[Block]) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    parts = [each if isinstance(each, bytes) else bytes(4 * each) for each in blocks]
    raw = b"".join(parts)
    return np.frombuffer(raw, "<i2").reshape(-1, 2)


def placed(*parts: tuple[Side, float, bytes]) -> list[Block]:
    timeline = Timeline(RATE)
    blocks = [block for part in parts for block in timeline.place(*part)]
    return blocks + timeline.rest()


def spans(samples: Iterable[int]) -> list[tuple[int, float]]:
    """Equal samples in a row, and how many seconds they last."""
    found: list[tuple[int, float]] = []
    for value in samples:
        if found and found[-1][0] == value:
            found[-1] = (int(value), found[-1][1] + 1 / RATE)
        else:
            found.append((int(value), 1 / RATE))
    return [(value, round(seconds, 3)) for value, seconds in found]


def test_a_frame_ends_when_it_came() -> None:
    stereo = joined(placed((0, 0.5, tone(1, 0.2)), (1, 0.9, tone(2, 0.3))))
    assert spans(stereo[:, 0]) == [(0, 0.3), (1, 0.2), (0, 0.4)]
    assert spans(stereo[:, 1]) == [(0, 0.6), (2, 0.3)]


def test_a_gap_of_jitter_is_closed_and_a_longer_one_is_silence() -> None:
    early, late = JITTER - 0.001, JITTER + 0.001
    closed = joined(placed((0, 0.1, tone(1, 0.1)), (0, 0.2 + early, tone(2, 0.1))))
    assert spans(closed[:, 0]) == [(1, 0.1), (2, 0.1)]
    kept = joined(placed((0, 0.1, tone(1, 0.1)), (0, 0.2 + late, tone(2, 0.1))))
    assert spans(kept[:, 0]) == [(1, 0.1), (0, late), (2, 0.1)]


def test_nothing_is_ever_placed_over_what_is_there() -> None:
    stereo = joined(placed((0, 0.1, tone(1, 1.0)), (0, 0.2, tone(2, 0.1))))
    assert spans(stereo[:, 0]) == [(1, 1.0), (2, 0.1)]


def test_a_silent_side_is_waited_for_and_then_given_silence() -> None:
    timeline = Timeline(RATE)
    blocks: list[Block] = []
    for step in range(1, 51):  # 5 s of the caller alone
        blocks += timeline.place(0, step / 10, tone(1, 0.1))
    given_seconds = len(joined(blocks)) / RATE
    assert 5 - SIDE_TIMEOUT - BATCH <= given_seconds <= 5 - SIDE_TIMEOUT
    blocks += timeline.place(1, 5.0, tone(2, 1.0))  # in the part that is still open
    stereo = joined(blocks + timeline.rest())
    assert spans(stereo[:, 0]) == [(1, 5.0)]
    assert spans(stereo[:, 1]) == [(0, 4.0), (2, 1.0)]


def test_an_hour_of_silence_takes_no_memory() -> None:
    hour = 3600.0
    blocks = placed((0, 0.1, tone(1, 0.1)), (1, hour, tone(2, 0.1)))
    assert sum(len(each) for each in blocks if isinstance(each, bytes)) < 4 * 4 * RATE
    silences = [each for each in blocks if isinstance(each, int)]
    assert sum(silences) > (hour - 5) * RATE


def test_a_frame_longer_than_the_patience_is_whole() -> None:
    stereo = joined(placed((0, 1.0, tone(1, 1.0)), (0, 11.0, tone(2, 7.0))))
    assert spans(stereo[:, 0]) == [(1, 1.0), (0, 3.0), (2, 7.0)]


PART = st.tuples(
    st.sampled_from([0, 1]),
    st.floats(0, 4),  # seconds since the part before
    st.integers(0, 3 * RATE),  # samples
)


@given(st.lists(PART, max_size=12))
def test_no_sample_is_lost_doubled_or_out_of_order(
    parts: list[tuple[Side, float, int]],
) -> None:
    timeline, now = Timeline(RATE), 0.0
    sent: tuple[list[bytes], list[bytes]] = ([], [])
    blocks: list[Block] = []
    for value, (side, passed, count) in enumerate(parts, 1):
        now += passed
        data = tone(value, count / RATE)
        sent[side].append(data)
        blocks += timeline.place(side, now, data)
        kept = sum(len(each) for each in sent[0] + sent[1]) // 2  # samples, of mono
        assert len(joined(blocks)) <= max(now * RATE, 0) + kept
    stereo = joined(blocks + timeline.rest())
    for side in (0, 1):
        heard = stereo[:, side]
        assert heard[heard != 0].tobytes() == b"".join(sent[side])
