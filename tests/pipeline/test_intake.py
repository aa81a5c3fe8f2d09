"""Bytes from outside become whole samples, however they were cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, Intake, Turn

FORMATS = [
    AudioFormat("pcm16", 8_000),
    AudioFormat("pcm16", 24_000, 2),
    AudioFormat("ulaw", 8_000),
    AudioFormat("alaw", 16_000, 2),
]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    return [data[a:b] for a, b in pairwise([0, *sorted(set(cuts)), len(data)])]


def fed(intake: Intake, messages: list[bytes]) -> list[AudioFrame]:
    return [frame for each in messages if (frame := intake.feed(each)) is not None]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_a_stream_cut_at_any_byte_is_the_same_stream(format: AudioFormat) -> None:
    data = bytes(range(48))
    for cut in range(1, len(data)):
        faults: list[str] = []
        frames = fed(Intake(format, faults.append), pieces(data, [cut]))
        assert b"".join(frame.data for frame in frames) == data
        assert len(faults) == (cut % format.sample_bytes > 0)


@given(
    format=st.sampled_from(FORMATS),
    data=st.binary(min_size=1, max_size=64),
    cuts=st.lists(st.integers(1, 63), max_size=8),
)
def test_frames_are_whole_samples_one_after_the_other(
    format: AudioFormat, data: bytes, cuts: list[int]
) -> None:
    faults: list[str] = []
    intake = Intake(format, faults.append)
    messages = pieces(data, [cut for cut in cuts if cut < len(data)])
    end = 0
    for frame in fed(intake, messages):
        assert frame.data
        assert len(frame.data) % format.sample_bytes == 0
        assert frame.start == end / format.bytes_per_second
        assert data[end : end + frame.size] == frame.data
        end += frame.size
    assert len(data) - end == len(data) % format.sample_bytes
    assert intake.seconds == end / format.bytes_per_second
    ends = [sum(map(len, messages[:n])) for n in range(1, len(messages) + 1)]
    assert len(faults) == sum(bool(at % format.sample_bytes) for at in ends)


def test_an_empty_message_is_reported_and_changes_nothing() -> None:
    faults: list[str] = []
    intake = Intake(FORMATS[0], faults.append)
    assert intake.feed(b"\1") is None
    assert intake.feed(b"") is None
    frame = intake.feed(b"\2")
    assert frame is not None
    assert (frame.data, frame.start) == (b"\1\2", 0.0)
    assert faults == [
        "a message ends within a sample of pcm16 8000 Hz; its rest is expected at the "
        "start of the next",
        "expected audio, got an empty message",
    ]


def test_a_frame_finds_its_place_in_the_stream_and_keeps_its_turn() -> None:
    faults: list[str] = []
    intake, turn = Intake(FORMATS[0], faults.append), Turn()
    for number in range(3):
        came = AudioFrame(data=bytes(1_600), format=FORMATS[0], start=99.0, turn=turn)
        frame = intake.check(came)
        assert frame is not None
        assert (frame.start, frame.turn) == (number / 10, turn)
        assert frame.data == came.data
    assert not faults


@pytest.mark.parametrize(
    ("format", "data", "fault"),
    [
        (FORMATS[2], b"\xff\xff", "expected pcm16 8000 Hz, got ulaw 8000 Hz: dropped"),
        (FORMATS[0], b"", "expected whole samples of pcm16 8000 Hz, got 0 bytes"),
        (FORMATS[0], b"\0" * 3, "expected whole samples of pcm16 8000 Hz, got 3 bytes"),
    ],
)
def test_a_frame_that_cannot_be_used_is_dropped_and_reported(
    format: AudioFormat, data: bytes, fault: str
) -> None:
    faults: list[str] = []
    intake = Intake(FORMATS[0], faults.append)
    assert intake.check(AudioFrame(data=data, format=format)) is None
    assert faults == [fault]
    assert intake.seconds == 0.0
