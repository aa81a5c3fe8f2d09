from __future__ import annotations

import io
import wave
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, FormatError
from voxpipe.transports import WavHeader, WavWriter, read_header
from voxpipe.transports.wav_writer import header_bytes

PCM = AudioFormat("pcm16", 16_000)
AUDIO = bytes(range(100))
FORMATS = [
    PCM,
    AudioFormat("pcm16", 24_000, 2),
    AudioFormat("ulaw", 8_000),
    AudioFormat("alaw", 8_000),
    AudioFormat("alaw", 8_000, 2),
]


def read(file: bytes) -> tuple[WavHeader, bytes]:
    stream = io.BytesIO(file)
    header = read_header(stream)
    return header, header.read(stream)


@pytest.mark.parametrize("format", FORMATS, ids=str)
@given(samples=st.binary(max_size=64), cuts=st.lists(st.integers(0, 64)))
def test_what_was_written_is_read_however_it_was_split(
    format: AudioFormat, samples: bytes, cuts: list[int]
) -> None:
    width = format.sample_bytes
    samples = samples[: len(samples) - len(samples) % width]
    edges = sorted({0, len(samples), *(cut // width * width for cut in cuts)})
    file = io.BytesIO()
    with WavWriter(file, format) as wav:
        for begin, end in pairwise(edges):
            wav.write(samples[begin:end])
    header, audio = read(file.getvalue())
    assert (header.format, header.oddities) == (format, ())
    assert audio == samples[: max(edges)]
    assert len(file.getvalue()) % 2 == 0


def test_other_programs_read_what_was_written() -> None:
    file = io.BytesIO()
    with WavWriter(file, PCM) as wav:
        wav.write(AUDIO)
    file.seek(0)
    with wave.open(file) as theirs:
        assert theirs.getframerate() == 16_000
        assert theirs.readframes(1_000) == AUDIO


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_a_file_whose_program_died_plays_to_its_end(format: AudioFormat) -> None:
    file = io.BytesIO()
    wav = WavWriter(file, format)
    tenth = format.silence(0.1)
    for count in range(1, 26):
        wav.write(tenth)
        header, audio = read(file.getvalue())
        assert header.format == format
        assert len(audio) == len(tenth) * count
        # The header is renewed each second: between, it is behind.
        assert bool(header.oddities) == bool(count % 10)
    assert wav.seconds == pytest.approx(2.5)


def test_part_of_a_sample_is_not_written() -> None:
    with pytest.raises(FormatError, match="3 bytes"):
        WavWriter(io.BytesIO(), PCM).write(b"odd")


def test_a_header_beyond_4_gb_says_to_the_end() -> None:
    header = header_bytes(PCM, 5 * 10**9)
    assert header[40:44] == header[4:8] == b"\xff\xff\xff\xff"


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


def test_into_a_pipe_goes_a_header_without_a_length() -> None:
    pipe = Pipe()
    with WavWriter(pipe, PCM) as wav:
        wav.write(bytes(PCM.bytes_per_second * 3))
    header, audio = read(pipe.getvalue())
    assert len(audio) == PCM.bytes_per_second * 3
    assert "no length" in header.oddities[0]
