"""Bytes from outside: whole samples come in, and rubbish is counted where it enters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError, Intake, Turn

PCM = AudioFormat("pcm16", 8_000)
STEREO = AudioFormat("pcm16", 8_000, 2)


@given(
    messages=st.lists(st.binary(max_size=9), max_size=20),
    format=st.sampled_from([PCM, STEREO, AudioFormat("ulaw", 8_000)]),
)
def test_however_messages_are_split_no_byte_is_lost_or_shifted(
    messages: list[bytes], format: AudioFormat
) -> None:
    reports: list[str] = []
    intake = Intake(format, reports.append)
    frames = [frame for data in messages if (frame := intake.feed(data))]
    sent = b"".join(messages)
    whole = len(sent) - len(sent) % format.sample_bytes
    assert b"".join(frame.data for frame in frames) == sent[:whole]
    assert all(len(frame.data) % format.sample_bytes == 0 for frame in frames)
    at = 0.0
    for frame in frames:
        assert abs(frame.start - at) < 1e-9
        at += frame.duration
    assert abs(intake.seconds - at) < 1e-9
    torn = 0
    for n in range(len(messages)):
        upto = sum(len(each) for each in messages[: n + 1])
        torn += bool(messages[n]) and upto % format.sample_bytes != 0
    assert len(reports) == torn + messages.count(b"")


def test_an_empty_message_is_reported() -> None:
    reports: list[str] = []
    assert Intake(PCM, reports.append).feed(b"") is None
    assert reports == ["expected audio, got an empty message"]


def test_a_torn_sample_is_reported_and_put_together_again() -> None:
    reports: list[str] = []
    intake = Intake(PCM, reports.append)
    first, second = intake.feed(b"abc"), intake.feed(b"d")
    assert first is not None
    assert second is not None
    assert (first.data, second.data) == (b"ab", b"cd")
    assert second.start == 1 / 8_000
    assert reports == [
        "a message ends within a sample of pcm16 8000 Hz; its rest is expected at the "
        "start of the next"
    ]


def test_audio_that_comes_as_base64_keeps_its_text_and_is_counted() -> None:
    reports: list[str] = []
    intake = Intake(AudioFormat("ulaw", 8_000), reports.append)
    texts = ["AAAA" * 40, "BBBB" * 20, "CCCC"]
    frames = [frame for text in texts if (frame := intake.feed_base64(text))]
    assert [frame.base64 for frame in frames] == texts
    assert [frame.start for frame in frames] == [0.0, 120 / 8_000, 180 / 8_000]
    assert intake.seconds == 183 / 8_000
    assert reports == []


def test_base64_that_is_none_or_holds_nothing_is_reported_and_not_counted() -> None:
    reports: list[str] = []
    intake = Intake(PCM, reports.append)
    for text in ("", "AAA", "€€€€", "AAAA"):  # the last one ends within a sample
        assert intake.feed_base64(text) is None
    assert intake.seconds == 0.0
    assert [report.split(",")[0] for report in reports] == [
        "expected audio",
        "expected base64 (RFC 4648 §4",
        "expected base64 (RFC 4648 §4",
        "3 bytes are not a whole number of samples of pcm16 8000 Hz",
    ]


def test_frames_of_another_format_are_dropped_and_reported() -> None:
    reports: list[str] = []
    intake = Intake(PCM, reports.append)
    assert intake.check(AudioFrame(data=bytes(4), format=STEREO)) is None
    assert reports == ["expected pcm16 8000 Hz, got pcm16 8000 Hz stereo: dropped"]
    assert intake.seconds == 0.0


def test_frames_without_samples_are_dropped_and_reported() -> None:
    reports: list[str] = []
    intake = Intake(PCM, reports.append)
    assert intake.check(AudioFrame(data=b"", format=PCM)) is None
    assert reports == ["expected audio, got an empty frame"]


def test_good_frames_are_placed_on_the_stream() -> None:
    intake, turn = Intake(PCM, print), Turn()
    first = intake.check(AudioFrame(data=bytes(160), format=PCM, start=9.0))
    second = intake.check(AudioFrame(data=bytes(160), format=PCM, turn=turn))
    assert first is not None
    assert second is not None
    assert (first.start, second.start) == (0.0, 0.01)
    assert second.turn is turn


def test_frames_that_came_as_base64_stay_undecoded() -> None:
    intake = Intake(PCM, print)
    frame = AudioFrame.from_base64("AAAA" * 2, PCM)
    placed = intake.check(frame)
    assert placed is not None
    assert placed.base64 is frame.base64


def test_what_is_no_format_is_refused_with_the_cure() -> None:
    rate: Any = 24_000
    with pytest.raises(FormatError, match=r'not int: write AudioFormat\("pcm16"'):
        Intake(rate, print)


def test_what_is_no_bytes_is_a_mistake_of_the_program() -> None:
    reports: list[str] = []
    intake = Intake(PCM, reports.append)
    with pytest.raises(FormatError, match=r"an array of float32: frame\.with_samples"):
        intake.feed(np.zeros(160, np.float32))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert reports == []


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_buffer_of_bytes_is_as_good_as_bytes(kind: Callable[[bytes], Any]) -> None:
    frame = Intake(PCM, print).feed(kind(b"abcd"))
    assert frame is not None
    assert (type(frame.data), frame.data) == (bytes, b"abcd")
