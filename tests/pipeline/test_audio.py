"""Formats are checked once; rules say what may enter, and cures how to get there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioRule, Filter, FormatError
from voxpipe.pipeline.audio import check_entry, cure, rule_of
from voxpipe.processors.audio import Decode, Encode, Mono, Resample, Stereo

from .boxes import ULAW

FORMATS = st.builds(
    AudioFormat,
    st.sampled_from(["pcm16", "ulaw", "alaw"]),
    st.sampled_from([8_000, 16_000, 24_000, 48_000]),
    st.sampled_from([1, 2]),
)
RULES = st.builds(
    AudioRule,
    st.sampled_from([(), ("pcm16",), ("ulaw",), ("alaw", "ulaw"), ("pcm16", "ulaw")]),
    st.sampled_from([(), (8_000,), (24_000, 16_000)]),
    st.sampled_from([(), (1,), (2,)]),
)


@pytest.mark.parametrize(
    ("encoding", "rate", "channels", "message"),
    [
        (
            "mp3",
            8_000,
            1,
            "encoding must be one of pcm16, ulaw, alaw, not 'mp3'",
        ),
        (
            "pcm16",
            8,
            1,
            "rate must be a whole number of Hz from 4000 to 192000, not 8",
        ),
        (
            "pcm16",
            8_000.0,
            1,
            "rate must be a whole number of Hz from 4000 to 192000, not 8000.0",
        ),
        (
            "pcm16",
            True,
            1,
            "rate must be a whole number of Hz from 4000 to 192000, not True",
        ),
        ("pcm16", 8_000, 3, "channels must be 1 or 2, not 3"),
    ],
)
def test_a_format_that_cannot_be_is_refused(
    encoding: Any, rate: Any, channels: Any, message: str
) -> None:
    with pytest.raises(FormatError) as caught:
        AudioFormat(encoding, rate, channels)
    assert str(caught.value) == message


def test_a_format_is_a_value() -> None:
    telephone = AudioFormat("ulaw", 8_000)
    assert telephone == AudioFormat("ulaw", 8_000, 1)
    assert telephone != AudioFormat("alaw", 8_000)
    assert len({telephone, AudioFormat("ulaw", 8_000)}) == 1
    with pytest.raises(AttributeError):
        telephone.rate = 16_000  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_a_format_knows_its_bytes() -> None:
    assert AudioFormat("ulaw", 8_000).bytes_per_second == 8_000
    assert AudioFormat("pcm16", 24_000, 2).bytes_per_second == 96_000
    assert AudioFormat("pcm16", 24_000, 2).sample_bytes == 4
    assert AudioFormat("pcm16", 44_100).bytes_in(0.02) == 1764
    assert AudioFormat("pcm16", 11_025).bytes_in(0.0001) == 2  # whole samples


def test_a_format_reads_as_one_would_say_it() -> None:
    assert str(AudioFormat("ulaw", 8_000)) == "ulaw 8000 Hz"
    assert str(AudioFormat("pcm16", 48_000, 2)) == "pcm16 48000 Hz stereo"


def test_silence_is_what_each_encoding_calls_so() -> None:
    assert AudioFormat("pcm16", 8_000).silence(0.001) == bytes(16)
    assert AudioFormat("ulaw", 8_000).silence(0.001) == b"\xff" * 8
    assert AudioFormat("alaw", 8_000).silence(0.001) == b"\xd5" * 8


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (AudioRule(), "any audio"),
        (AudioRule(encodings=("pcm16",)), "pcm16"),
        (AudioRule(encodings=("ulaw", "alaw"), rates=(8_000,)), "ulaw/alaw 8000 Hz"),
        (AudioRule(rates=(8_000, 16_000), channels=(1,)), "8000/16000 Hz mono"),
        (AudioRule(channels=(1, 2)), "mono/stereo"),
    ],
)
def test_a_rule_reads_as_one_would_say_it(rule: AudioRule, words: str) -> None:
    assert str(rule) == words


@given(FORMATS)
def test_a_format_as_a_rule_allows_itself_only(format: AudioFormat) -> None:
    assert rule_of(format).allows(format)
    assert not rule_of(format).allows(
        AudioFormat(format.encoding, 32_000, format.channels)
    )


@given(FORMATS, RULES)
def test_the_boxes_of_a_cure_lead_to_what_the_rule_allows(
    have: AudioFormat, rule: AudioRule
) -> None:
    """Read the cure as one would draw it, box by box."""
    format = have
    for box in filter(None, cure(have, rule).split(" >> ")):
        name, _, argument = box.rstrip(")").partition("(")
        assert format.encoding == "pcm16" or name == "Decode"
        match name:
            case "Decode":
                format = AudioFormat("pcm16", format.rate, format.channels)
            case "Mono":
                format = AudioFormat(format.encoding, format.rate, 1)
            case "Stereo":
                format = AudioFormat(format.encoding, format.rate, 2)
            case "Resample":
                format = AudioFormat(format.encoding, int(argument), format.channels)
            case "Encode":
                law: Any = argument.strip('"')
                format = AudioFormat(law, format.rate, format.channels)
            case _:
                raise AssertionError(f"no such box: {box}")
    assert rule.allows(format)
    assert bool(cure(have, rule)) != rule.allows(have)


BOXES: dict[str, Callable[[Any], Filter[Any]]] = {
    "Decode": lambda _: Decode(),
    "Encode": lambda law: Encode(law.strip('"')),
    "Mono": lambda _: Mono(),
    "Stereo": lambda _: Stereo(),
    "Resample": lambda rate: Resample(int(rate)),
}


@given(FORMATS, RULES | FORMATS)
def test_the_real_boxes_do_what_the_cure_promises(
    have: AudioFormat, want: AudioFormat | AudioRule
) -> None:
    format = have
    for box in filter(None, cure(have, want).split(" >> ")):
        name, _, argument = box.rstrip(")").partition("(")
        format = BOXES[name](argument).leaves_as(format)
    assert rule_of(want).allows(format)


def test_what_fits_may_enter() -> None:
    check_entry(ULAW, "phone.heard", None, "model.hears")
    check_entry(ULAW, "phone.heard", AudioFormat("ulaw", 8_000), "model.hears")
    check_entry(ULAW, "phone.heard", AudioRule(rates=(8_000,)), "model.hears")


def test_what_does_not_fit_is_told_with_the_cure() -> None:
    with pytest.raises(FormatError) as caught:
        check_entry(ULAW, "phone.heard", AudioRule(encodings=("pcm16",)), "meter.input")
    assert str(caught.value) == (
        "phone.heard is ulaw 8000 Hz, meter.input takes pcm16: put Decode() between "
        "phone.heard and meter.input"
    )


def test_the_cure_for_stereo_names_the_way_to_one_side() -> None:
    with pytest.raises(FormatError) as caught:
        check_entry(
            AudioFormat("pcm16", 8_000, 2),
            "a.heard",
            AudioFormat("pcm16", 8_000),
            "b.hears",
        )
    assert str(caught.value) == (
        "a.heard is pcm16 8000 Hz stereo, b.hears takes pcm16 8000 Hz: put Mono() "
        "between a.heard and b.hears; Mono(channel=0) takes the left side alone"
    )
