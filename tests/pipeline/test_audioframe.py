"""Frames of sound: frozen, decoded when asked, cut without losing a sample."""

from __future__ import annotations

import base64
import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError, Turn

PCM = AudioFormat("pcm16", 8_000)
STEREO = AudioFormat("pcm16", 48_000, 2)
ULAW = AudioFormat("ulaw", 8_000)
PCM_BYTES = st.binary(max_size=200).map(lambda data: data[: len(data) // 2 * 2])


def test_a_frame_cannot_be_changed() -> None:
    frame = AudioFrame(data=bytes(4), format=PCM)
    for name in ("data", "format", "start", "turn"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(frame, name, None)
    with pytest.raises((AttributeError, TypeError)):  # which depends on the Python
        frame.speaker = "Ada"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValueError, match="read-only"):
        frame.samples[0] = 1


def test_a_frame_says_how_long_it_lasts() -> None:
    assert AudioFrame(data=bytes(320), format=PCM).duration == 0.02
    assert AudioFrame(data=bytes(320), format=ULAW).duration == 0.04
    assert AudioFrame(data=b"", format=ULAW).duration == 0.0
    assert AudioFrame.from_base64("AAAA", ULAW).duration == 3 / 8_000


def test_samples_are_a_view_of_the_bytes() -> None:
    mono = AudioFrame(data=np.array([1, -2, 3], "<i2").tobytes(), format=PCM)
    assert mono.samples.tolist() == [1, -2, 3]
    assert mono.samples.dtype == np.int16
    stereo = AudioFrame(data=np.array([[1, 2], [3, 4]], "<i2").tobytes(), format=STEREO)
    assert stereo.samples.tolist() == [[1, 2], [3, 4]]


def test_only_pcm16_has_samples_and_the_error_says_what_to_do() -> None:
    with pytest.raises(FormatError) as caught:
        _ = AudioFrame(data=bytes(4), format=ULAW).samples
    assert str(caught.value) == (
        "samples are pcm16, this frame is ulaw 8000 Hz: put Decode() in front"
    )


# --- base64


@given(st.binary(max_size=300))
def test_base64_in_is_the_same_bytes_and_the_same_text_out(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    frame = AudioFrame.from_base64(text, ULAW, start=1.5)
    assert frame.size == len(data)
    assert frame.duration == len(data) / 8_000
    assert frame.base64 is text
    assert frame.data == data
    assert frame.base64 is text  # not encoded again
    assert frame == AudioFrame(data=data, format=ULAW, start=1.5)
    assert AudioFrame(data=data, format=ULAW).base64 == text


def test_base64_is_not_decoded_before_somebody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def decode(_: str) -> bytes:
        raise AssertionError("decoded")

    monkeypatch.setattr("binascii.a2b_base64", decode)
    frame = AudioFrame.from_base64("AAAAAA==", ULAW, turn=Turn())
    assert (frame.size, frame.duration, frame.base64) == (4, 4 / 8_000, "AAAAAA==")
    assert "AAAA" not in repr(frame)
    with pytest.raises(AssertionError, match="decoded"):
        _ = frame.data


def test_base64_is_decoded_only_once() -> None:
    frame = AudioFrame.from_base64("AAAAAA==", ULAW)
    assert frame.data is frame.data


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AA",
        "AAA",
        "A===",
        "====",
        "AA=A",
        "=AAA",
        "AAAA====",
        "AA==AA==",
        "AA A",
        "AAA\n",
        "AA-_",
        "AAÄA",
        "AA\ud800A",
        '","x',
    ],
)
def test_what_is_not_strictly_base64_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        AudioFrame.from_base64(text, ULAW)
    assert str(caught.value) == (
        "expected base64 (RFC 4648 §4, padded), got "
        f"{len(text)} characters that are not"
    )


@pytest.mark.parametrize("text", [None, 7, b"AAAA", ["AAAA"], {"AAAA": 1}])
def test_what_is_no_text_is_not_base64_either(text: Any) -> None:
    with pytest.raises(FormatError, match="expected base64"):
        AudioFrame.from_base64(text, ULAW)


def is_canonical(text: str) -> bool:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return len(base64.b64encode(data)) == len(text)


@given(st.text(alphabet="AZaz09+/=\n- ", max_size=24))
def test_what_is_taken_is_exactly_what_python_would_write(text: str) -> None:
    try:
        data = AudioFrame.from_base64(text, ULAW).data
    except FormatError:
        assert not is_canonical(text)
    else:
        assert len(base64.b64encode(data)) == len(text)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_partial_samples_are_refused(size: int) -> None:
    text = base64.b64encode(bytes(size)).decode()
    with pytest.raises(FormatError) as caught:
        AudioFrame.from_base64(text, PCM)
    assert str(caught.value) == (
        f"{size} bytes are not a whole number of samples of pcm16 8000 Hz"
    )


@pytest.mark.parametrize("wrong", ["pcm16", None, 8_000, b"ab", ("pcm16", 8_000)])
def test_what_is_no_format_is_refused_with_one_that_is(wrong: Any) -> None:
    frame = AudioFrame(data=b"ab", format=PCM)
    makers: list[Callable[[Any], object]] = [
        lambda format: AudioFrame(data=b"ab", format=format),
        lambda format: AudioFrame.from_base64("AAAA", format),
    ]
    if wrong is not None:  # which is the same as before
        makers.append(lambda format: frame.with_data(b"ab", format))
    for make in makers:
        with pytest.raises(FormatError) as caught:
            make(wrong)
        assert str(caught.value) == (
            f"a format is an AudioFormat, not {type(wrong).__name__}: write "
            'AudioFormat("pcm16", 24_000), with the rate of your audio'
        )
        assert caught.value.__cause__ is None


# --- parts


@given(
    data=PCM_BYTES,
    seconds=st.floats(-1, 1) | st.sampled_from([0.0, 1e-9, 0.0125]),
    coded=st.booleans(),
)
def test_before_and_after_have_each_sample_once(
    data: bytes, seconds: float, coded: bool
) -> None:
    whole = AudioFrame(data=data, format=PCM, start=2.0, turn=Turn())
    if coded:
        whole = AudioFrame.from_base64(
            whole.base64, PCM, start=whole.start, turn=whole.turn
        )
    first, rest = whole.before(seconds), whole.after(seconds)
    assert first.data + rest.data == data
    assert len(first.data) % 2 == 0
    assert first.start == 2.0
    assert rest.start == pytest.approx(first.end)
    assert rest.end == pytest.approx(whole.end) == pytest.approx(2.0 + whole.duration)
    assert first.turn is rest.turn is whole.turn
    assert 0.0 <= first.duration <= max(seconds, 0.0) + 0.5 / PCM.rate + 1e-12


@pytest.mark.parametrize(
    "frame",
    [
        AudioFrame(data=b"abcd", format=PCM, start=1.0),
        AudioFrame.from_base64("YWJjZA==", PCM, start=1.0),
    ],
)
def test_a_moved_frame_has_the_same_sound_as_it_came(frame: AudioFrame) -> None:
    turn = Turn()
    moved = frame.moved(start=2.0, turn=turn)
    assert (moved.start, moved.turn, moved.duration) == (2.0, turn, frame.duration)
    assert moved.size == 4
    assert moved.base64 == "YWJjZA=="
    assert moved.data == b"abcd"
    assert (frame.start, frame.turn) == (1.0, None)


def test_a_frame_with_other_samples_is_the_same_moment_of_the_same_reply() -> None:
    turn = Turn()
    frame = AudioFrame(data=bytes(4), format=ULAW, start=3.0, turn=turn)
    decoded = frame.with_data(bytes(8), PCM)
    assert (decoded.format, decoded.start, decoded.turn) == (PCM, 3.0, turn)
    assert decoded.duration == frame.duration
    assert frame.with_data(b"ab").format is ULAW


# --- what Python does with values


@given(data=PCM_BYTES, start=st.floats(0, 1e6))
def test_equal_frames_are_equal_and_hash_alike(data: bytes, start: float) -> None:
    one = AudioFrame(data=data, format=PCM, start=start)
    other = AudioFrame.from_base64(one.base64, PCM, start=start)
    assert one == other
    assert hash(one) == hash(other)
    assert one != AudioFrame(data=data + b"ab", format=PCM, start=start)
    assert one != AudioFrame(data=data, format=PCM, start=start, turn=Turn())
    assert one != object()


@pytest.mark.parametrize(
    "frame",
    [
        AudioFrame(data=b"abcd", format=PCM, start=1.0),
        AudioFrame.from_base64("YWJjZA==", PCM, start=1.0),
    ],
)
def test_frames_can_be_copied_pickled_and_replaced(frame: AudioFrame) -> None:
    copies: list[Any] = [
        copy.copy(frame),
        copy.deepcopy(frame),
        pickle.loads(pickle.dumps(frame)),  # noqa: S301  # our own
        dataclasses.replace(frame),
    ]
    for each in copies:
        assert each == frame
        assert each.duration == frame.duration
        assert type(each) is AudioFrame
    later = dataclasses.replace(frame, start=2.0)
    assert (later.start, later.data) == (2.0, b"abcd")


def test_a_copied_frame_still_belongs_to_its_reply() -> None:
    turn = Turn()
    frame = copy.deepcopy(AudioFrame(data=b"ab", format=PCM, turn=turn))
    turn.cut()
    assert frame.turn is turn


def test_a_frame_prints_short_and_without_its_sound() -> None:
    frame = AudioFrame(data=b"secret" * 160, format=ULAW, start=1.24)
    assert repr(frame) == "<AudioFrame 120 ms of ulaw 8000 Hz at 1.24 s>"
    spoken = AudioFrame(data=bytes(160), format=ULAW, turn=Turn("resp_1"))
    assert repr(spoken) == (
        "<AudioFrame 20 ms of ulaw 8000 Hz at 0 s, <Turn resp_1 waiting>>"
    )


def test_a_misspelt_attribute_is_an_error() -> None:
    frame: Any = AudioFrame.from_base64("", PCM)
    with pytest.raises(
        AttributeError, match="'AudioFrame' object has no attribute 'rate'"
    ):
        _ = frame.rate
