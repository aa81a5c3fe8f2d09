from __future__ import annotations

import hashlib
import sys
import warnings
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError, Pipeline, WiringError
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Decode, Encode

Law = Literal["ulaw", "alaw"]

LAWS: list[Law] = ["ulaw", "alaw"]
ALL_SAMPLES = np.arange(65536).astype(np.uint16).tobytes()
ALL_CODES = bytes(range(256))

# SHA-256 of what audioop (Python 3.11) made of ALL_SAMPLES and of ALL_CODES.
ENCODED = {
    "ulaw": "617fa4850d68d3906597e949f7625fb2fc46db479e29707f33159b3d131721cb",
    "alaw": "f77c76aa923ee25617453f87514828a12896227f82ff383bf3bb53d6ac7c2a0f",
}
DECODED = {
    "ulaw": "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
    "alaw": "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174",
}


def encoded(data: bytes, law: Law) -> bytes:
    frame = AudioFrame(data=data, format=AudioFormat("pcm16", 8_000))
    (made,) = Encode(law).feed(frame)
    assert made.format == AudioFormat(law, 8_000)
    return made.data


def decoded(data: bytes, law: Law) -> bytes:
    frame = AudioFrame(data=data, format=AudioFormat(law, 8_000))
    (made,) = Decode().feed(frame)
    assert made.format == AudioFormat("pcm16", 8_000)
    return made.data


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_and_every_code_gives_what_audioop_gave(law: Law) -> None:
    assert hashlib.sha256(encoded(ALL_SAMPLES, law)).hexdigest() == ENCODED[law]
    assert hashlib.sha256(decoded(ALL_CODES, law)).hexdigest() == DECODED[law]


if sys.version_info < (3, 13):  # the last one with audioop

    @pytest.mark.parametrize("law", LAWS)
    def test_every_sample_and_every_code_gives_what_audioop_gives(law: Law) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import audioop
        encode = {"ulaw": audioop.lin2ulaw, "alaw": audioop.lin2alaw}[law]
        decode = {"ulaw": audioop.ulaw2lin, "alaw": audioop.alaw2lin}[law]
        assert encoded(ALL_SAMPLES, law) == encode(ALL_SAMPLES, 2)
        assert decoded(ALL_CODES, law) == decode(ALL_CODES, 2)


@pytest.mark.parametrize(
    ("law", "codes", "values"),
    [  # ITU-T G.711 tables 2a and 1a: first and last intervals, scaled to 16 bits
        ("ulaw", [0xFF, 0xFE, 0x80, 0x7F, 0x00], [0, 8, 32124, 0, -32124]),
        ("alaw", [0xD5, 0xD4, 0xAA, 0x55, 0x2A], [8, 24, 32256, -8, -32256]),
    ],
)
def test_the_ends_of_the_tables_are_those_of_the_standard(
    law: Law, codes: list[int], values: list[int]
) -> None:
    made = np.frombuffer(decoded(bytes(codes), law), np.int16)
    assert made.tolist() == values


@pytest.mark.parametrize("law", LAWS)
def test_encoding_what_was_decoded_gives_the_same_code(law: Law) -> None:
    again = encoded(decoded(ALL_CODES, law), law)
    # Mu-law has two zeros, which are one sample.
    expected = ALL_CODES.replace(b"\x7f", b"\xff") if law == "ulaw" else ALL_CODES
    assert again == expected


@pytest.mark.parametrize("law", LAWS)
@settings(deadline=None)
@given(sample=st.integers(-32768, 32767))
def test_a_sample_changes_by_half_an_interval_at_most(law: Law, sample: int) -> None:
    data = np.array([sample], np.int16).tobytes()
    (back,) = np.frombuffer(decoded(encoded(data, law), law), np.int16).tolist()
    half = (abs(sample) + 132) / 32  # of the widest interval here; 132: mu-law's bias
    dropped = 7  # the lowest bits, which the laws do not know
    assert abs(back - sample) <= max(half + dropped, abs(sample) - 32124)


@pytest.mark.parametrize("law", LAWS)
def test_silence_is_the_silence_that_formats_know(law: Law) -> None:
    pcm, coded = AudioFormat("pcm16", 8_000), AudioFormat(law, 8_000)
    assert encoded(pcm.silence(0.02), law) == coded.silence(0.02)


@settings(deadline=None)
@given(data=st.binary(max_size=400), cut=st.integers(0, 400))
def test_cutting_the_stream_differently_changes_nothing(data: bytes, cut: int) -> None:
    assert decoded(data[:cut], "ulaw") + decoded(data[cut:], "ulaw") == decoded(
        data, "ulaw"
    )


def test_what_needs_no_change_passes_untouched() -> None:
    pcm = AudioFrame(data=bytes(320), format=AudioFormat("pcm16", 8_000))
    ulaw = AudioFrame(data=bytes(160), format=AudioFormat("ulaw", 8_000))
    assert Decode().feed(pcm)[0] is pcm
    assert Encode("ulaw").feed(ulaw)[0] is ulaw
    assert Decode().leaves_as(pcm.format) == pcm.format
    assert Encode("ulaw").leaves_as(ulaw.format) == ulaw.format


def test_start_rate_and_channels_stay() -> None:
    stereo = AudioFormat("alaw", 16_000, 2)
    frame = AudioFrame(data=bytes(320), format=stereo, start=1.5)
    (made,) = Decode().feed(frame)
    assert made.format == AudioFormat("pcm16", 16_000, 2)
    assert (made.start, made.duration) == (1.5, frame.duration)
    (again,) = Encode("alaw").feed(made)
    assert again == frame


def test_one_law_does_not_enter_the_other() -> None:
    with pytest.raises(FormatError, match=r"to ulaw takes pcm16: put Decode\(\) in"):
        Encode("ulaw").leaves_as(AudioFormat("alaw", 8_000))
    with pytest.raises(FormatError, match="laws ulaw and alaw, not 'opus'"):
        Encode("opus")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_audio_that_came_as_base64_is_decoded_in_a_pipeline() -> None:
    format = AudioFormat("ulaw", 8_000)
    source = Source([AudioFrame.from_base64("/wB/gP8A", format)])
    source.output.format = format
    probe = Probe()
    await Pipeline(source.output >> Decode() >> probe.input).run()
    assert probe.data == decoded(b"\xff\x00\x7f\x80\xff\x00", "ulaw")


def test_a_pipeline_refuses_the_other_law_before_anything_runs() -> None:
    source, probe = Source([]), Probe()
    source.output.format = AudioFormat("alaw", 8_000)
    with pytest.raises(WiringError, match=r"source.output is alaw .* put Decode\(\)"):
        Pipeline(source.output >> Encode("ulaw") >> probe.input)
