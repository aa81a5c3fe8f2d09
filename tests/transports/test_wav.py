from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, TransportError
from voxpipe.transports import WavError, WavHeader, read_header, read_wav
from voxpipe.transports.wav import GUID_TAIL

PCM = AudioFormat("pcm16", 16_000)


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


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


def test_a_pipe_is_refused() -> None:
    with pytest.raises(WavError, match="pipe"):
        read_header(Pipe(GOOD))


def test_a_short_recording_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff(fmt(), DATA))
    assert read_wav(path) == (PCM, AUDIO)


def test_a_long_recording_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.write(riff(fmt(), chunk(b"data", b"", 2**31)))
        file.truncate(2**31)  # sparse: it takes no room
    with pytest.raises(WavError, match="WavSource"):
        read_wav(path)
