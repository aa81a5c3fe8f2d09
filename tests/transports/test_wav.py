from __future__ import annotations

import io
import struct
import wave
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, FormatError, TransportError
from voxpipe.transports import WavError, WavHeader, WavWriter, read_header
from voxpipe.transports.wav import GUID_TAIL, header_bytes

PCM = AudioFormat("pcm16", 16_000)
FORMATS = [
    PCM,
    AudioFormat("pcm16", 24_000, 2),
    AudioFormat("ulaw", 8_000),
    AudioFormat("alaw", 8_000),
    AudioFormat("alaw", 8_000, 2),
]


def chunk(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    length = len(body) if size is None else size
    return struct.pack("<4sI", kind, length) + body + bytes(len(body) % 2)


def fmt(
    tag: int = 1,
    channels: int = 1,
    bits: int = 16,
    rate: int = 16_000,
    extra: bytes = b"",
) -> bytes:
    block = channels * bits // 8
    body = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
    return chunk(b"fmt ", body + extra)


def extensible(tag: int, tail: bytes = GUID_TAIL, bits: int = 16) -> bytes:
    guid = struct.pack("<H", tag) + tail
    return fmt(0xFFFE, bits=bits, extra=struct.pack("<HHI", 22, bits, 4) + guid)


def riff(*chunks: bytes) -> bytes:
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def read(file: bytes) -> tuple[WavHeader, bytes]:
    stream = io.BytesIO(file)
    header = read_header(stream)
    stream.seek(header.begins)
    return header, stream.read(header.size)


AUDIO = bytes(range(100))
DATA = chunk(b"data", AUDIO)


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


def test_what_other_programs_wrote_is_read() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as theirs:
        theirs.setparams((2, 2, 44_100, 0, "NONE", ""))
        theirs.writeframes(AUDIO)
    header, audio = read(file.getvalue())
    assert (header.format, audio) == (AudioFormat("pcm16", 44_100, 2), AUDIO)
    assert header.seconds == 25 / 44_100


@pytest.mark.parametrize(
    "file",
    [
        riff(fmt(), DATA),
        riff(DATA, fmt()),
        riff(
            chunk(b"LIST", b"odd"),
            fmt(),
            chunk(b"fact", bytes(4)),
            DATA,
        ),
        riff(chunk(b"JUNK", b"odd")[:-1], fmt(), DATA),
        riff(
            fmt(),
            DATA,
            chunk(b"LIST", b"title"),
            chunk(b"data", b"no"),
        ),
        riff(extensible(1), DATA),
    ],
    ids=["plain", "data first", "extras", "unpadded", "trailing", "extensible"],
)
def test_chunks_come_in_any_order(file: bytes) -> None:
    header, audio = read(file)
    assert (header.format, audio, header.oddities) == (PCM, AUDIO, ())


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x8000_0000, 101, 0x7FFF_FFFF])
def test_a_length_that_is_not_true_is_told_and_the_file_read_to_its_end(
    size: int,
) -> None:
    header, audio = read(riff(fmt(), chunk(b"data", AUDIO, size)))
    assert audio == AUDIO
    assert len(header.oddities) == 1


def test_an_empty_recording_is_not_taken_for_one_without_a_length() -> None:
    header, audio = read(riff(fmt(), chunk(b"data", b""), chunk(b"LIST", b"title")))
    assert (audio, header.oddities) == (b"", ())
    header, audio = read(riff(fmt(), chunk(b"data", b"")))
    assert (audio, header.oddities) == (b"", ())


@given(cut=st.integers(0, len(AUDIO)))
def test_a_torn_file_gives_the_whole_samples_that_are_there(cut: int) -> None:
    header, audio = read(riff(fmt(), DATA)[: 44 + cut])
    assert audio == AUDIO[: cut - cut % 2]
    assert bool(header.oddities) == (cut < len(AUDIO))


class Meter(io.BytesIO):
    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.mark.parametrize(
    "file",
    [
        riff(chunk(b"fmt ", b"", 2**31), bytes(72)),
        riff(fmt(), chunk(b"LIST", b"", 2**31), bytes(20)),
        riff(*[chunk(b"JUNK", b"")] * 5_000, fmt(), DATA),
        riff(fmt(), bytes(2_000_000)),
    ],
    ids=["a 2 GB format", "a 2 GB list", "5,000 chunks", "zeros"],
)
def test_a_hostile_file_is_refused_after_little_reading(file: bytes) -> None:
    meter = Meter(file)
    with pytest.raises(WavError):
        read_header(meter)
    assert meter.taken < 20_000


def test_a_2_gb_header_in_100_bytes_gives_the_56_bytes_that_are_there() -> None:
    file = riff(fmt(), chunk(b"data", bytes(56), 2**31))
    header = read_header(io.BytesIO(file))
    assert (len(file), header.size) == (100, 56)
    assert "2147483648" in header.oddities[0]


NAN = chunk(b"data", np.full(8, np.nan, np.float32).tobytes())


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (
            riff(fmt(3, bits=32), chunk(b"data", NAN)),
            "found 32-bit float: .*sox.*ffmpeg",
        ),
        (riff(extensible(3, bits=32), chunk(b"data", NAN)), "32-bit float"),
        (riff(fmt(bits=8), DATA), "found 8-bit PCM: .*sox"),
        (riff(fmt(bits=24), DATA), "24-bit PCM"),
        (riff(fmt(bits=32), DATA), "32-bit PCM"),
        (riff(fmt(2, bits=4), DATA), "4-bit MS ADPCM"),
        (riff(fmt(0x1234), DATA), "format 0x1234"),
        (riff(fmt(channels=6), DATA), "found 6: .*-c 1"),
        (riff(fmt(channels=0), DATA), "found 0"),
        (riff(fmt(rate=0), DATA), "rate must be"),
        (riff(fmt(rate=2**32 // 4), DATA), "rate must be"),
        (riff(extensible(1, bytes(14)), DATA), "sub-format"),
        (riff(fmt(0xFFFE), DATA), "sub-format"),
        (riff(chunk(b"fmt ", bytes(10)), DATA), "16 bytes"),
        (riff(DATA), "'fmt' chunk"),
        (riff(fmt()), "'data' chunk"),
        (b"", "found 0 bytes"),
        (b"ID3\x04 and so on", "MP3"),
        (b"OggS and so on", "Ogg"),
        (b"RIFX" + riff(fmt())[4:], "big-endian"),
        (b"RF64" + riff(fmt())[4:], "RF64"),
        (b"RIFF\0\0\0\0AVI LIST", "52 49 46 46"),
    ],
)
def test_what_is_not_read_is_refused_with_a_cure(file: bytes, says: str) -> None:
    with pytest.raises(WavError, match=says):
        read_header(io.BytesIO(file))


def test_a_block_size_that_contradicts_the_format_is_damage() -> None:
    file = bytearray(riff(fmt(), DATA))
    file[32] = 4
    with pytest.raises(WavError, match="the header says 4"):
        read_header(io.BytesIO(file))


@given(st.binary(max_size=200))
def test_rubbish_gives_a_typed_error_and_nothing_else(rubbish: bytes) -> None:
    with pytest.raises(TransportError):
        read_header(io.BytesIO(rubbish))


GOOD = riff(chunk(b"LIST", b"abc"), extensible(7, bits=8), DATA)


@given(at=st.integers(0, len(GOOD) - 1), to=st.binary(min_size=1, max_size=8))
def test_a_damaged_header_gives_audio_from_the_file_or_a_typed_error(
    at: int, to: bytes
) -> None:
    file = GOOD[:at] + to + GOOD[at + len(to) :]
    try:
        header, audio = read(file)
    except WavError:
        return
    assert header.begins + header.size <= len(file)
    assert len(audio) == header.size
    assert header.size % header.format.sample_bytes == 0


def test_a_pipe_cannot_be_read_but_written() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(WavError, match="pipe"):
        read_header(Pipe(GOOD))
    pipe = Pipe()
    with WavWriter(pipe, PCM) as wav:
        wav.write(bytes(PCM.bytes_per_second * 3))
    header, audio = read(pipe.getvalue())
    assert len(audio) == PCM.bytes_per_second * 3
    assert "no length" in header.oddities[0]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_a_file_whose_program_died_plays_to_its_end(format: AudioFormat) -> None:
    file = io.BytesIO()
    wav = WavWriter(file, format)
    tenth = format.silence(0.1)
    for count in range(1, 26):
        wav.write(tenth)
        header, audio = read(file.getvalue())
        kept = len(tenth) * (count - count % 10)  # the header is renewed each second
        assert header.format == format
        assert len(audio) == (kept or len(tenth) * count)
    assert wav.seconds == pytest.approx(2.5)


def test_part_of_a_sample_is_not_written() -> None:
    with pytest.raises(FormatError, match="3 bytes"):
        WavWriter(io.BytesIO(), PCM).write(b"odd")


def test_a_header_beyond_4_gb_says_to_the_end() -> None:
    header = header_bytes(PCM, 5 * 10**9)
    assert header[40:44] == header[4:8] == b"\xff\xff\xff\xff"
