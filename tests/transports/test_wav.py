from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable
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


def extensible_pcm(bits: int) -> bytes:
    return extensible(1, bits=bits)


def plain_pcm(bits: int) -> bytes:
    return fmt(bits=bits)


def riff(*chunks: bytes) -> bytes:
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def read(file: bytes) -> tuple[WavHeader, bytes]:
    stream = io.BytesIO(file)
    header = read_header(stream)
    return header, header.read(stream)


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


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (riff(fmt(2, bits=4), DATA), "found 4-bit MS ADPCM: `ffmpeg -i in -c:a"),
        (riff(fmt(3, bits=16), DATA), "16-bit float"),
        (riff(fmt(bits=40), DATA), "40-bit PCM"),
        (riff(fmt(bits=0), DATA), "0-bit PCM"),
        (riff(fmt(0x1234), DATA), "format 0x1234"),
        (riff(fmt(channels=6), DATA), "found 6: .*-ac 1 -c:a"),
        (riff(fmt(channels=0), DATA), "found 0"),
        (riff(fmt(rate=0), DATA), "rate must be"),
        (riff(fmt(rate=2**32 // 4), DATA), "rate must be"),
        (riff(fmt(rate=384_000), DATA), "rate must be .*ffmpeg -i in -ar 48000 -c:a"),
        (riff(extensible(1, bytes(14)), DATA), "sub-format"),
        (riff(fmt(0xFFFE), DATA), "sub-format"),
        (riff(chunk(b"fmt ", bytes(10)), DATA), "16 bytes"),
        (riff(DATA), "'fmt' chunk"),
        (riff(fmt()), "'data' chunk"),
        (b"", r"is empty \(0 bytes\)"),
        (b"RIFF\0\0\0\0AVI LIST", "begins with 52 49 46 46; if there is .*ffmpeg"),
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
    assert read_wav(path) == read_wav(str(path)) == (PCM, AUDIO)


def test_a_long_recording_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.write(riff(fmt(), chunk(b"data", b"", 2**31)))
        file.truncate(2**31)  # sparse: it takes no room
    with pytest.raises(WavError, match="WavSource"):
        read_wav(path)


# --- other widths

VALUES = np.array([0, 1, -1, 256, -256, 12_345, 32_767, -32_768], np.int16)
WIDE = VALUES.astype(np.int64) << 16  # as 32 bits
FLOATS = VALUES / 32_768


def pcm(bits: int) -> bytes:
    if bits == 8:
        return ((VALUES >> 8) + 128).astype(np.uint8).tobytes()
    raw = WIDE.astype("<i4").tobytes()
    return b"".join(raw[at + 4 - bits // 8 : at + 4] for at in range(0, len(raw), 4))


@pytest.mark.parametrize("form", [plain_pcm, extensible_pcm])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_pcm_of_all_widths_is_read_as_16_bits(
    form: Callable[[int], bytes], bits: int
) -> None:
    header, audio = read(riff(form(bits), chunk(b"data", pcm(bits))))
    expected = VALUES >> 8 << 8 if bits == 8 else VALUES
    assert np.frombuffer(audio, "<i2").tolist() == expected.tolist()
    assert (header.format, header.oddities) == (PCM, ())
    assert (header.samples, header.seconds) == (len(VALUES), len(VALUES) / PCM.rate)


@pytest.mark.parametrize(("bits", "kind"), [(32, "<f4"), (64, "<f8")])
def test_floats_are_read_as_16_bits(bits: int, kind: str) -> None:
    data = chunk(b"data", FLOATS.astype(kind).tobytes())
    for form in (fmt(3, bits=bits), extensible(3, bits=bits)):
        header, audio = read(riff(form, data))
        assert np.frombuffer(audio, "<i2").tolist() == VALUES.tolist()
        assert header.format == PCM


def test_floats_that_are_none_are_silent_and_too_loud_ones_are_clipped() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 2.0, -2.0], "<f4")
    _, audio = read(riff(fmt(3, bits=32), chunk(b"data", values.tobytes())))
    assert np.frombuffer(audio, "<i2").tolist() == [
        0,
        32_767,
        -32_768,
        32_767,
        -32_768,
    ]


def test_bits_that_do_not_fill_their_bytes_are_the_upper_ones() -> None:
    body = struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 12)
    header, audio = read(riff(chunk(b"fmt ", body), DATA))
    assert (header.format, audio) == (PCM, AUDIO)


def test_part_of_a_recording_can_be_read() -> None:
    file = io.BytesIO(riff(fmt(bits=24), chunk(b"data", pcm(24))))
    header = read_header(file)
    part = np.frombuffer(header.read(file, 3, 2), "<i2")
    assert part.tolist() == VALUES[3:5].tolist()


# --- lengths that are not true

TITLE = chunk(b"LIST", b"INFOISFT\x0e\0\0\0Lavf58.29.100\0")
LOUD = bytes((n * 37 + 11) % 251 for n in range(400))
BEHIND = {
    "nothing": b"",
    "a title": TITLE,
    "two chunks": TITLE + chunk(b"id3 ", b"odd"),
    "one without its pad": chunk(b"bext", b"odd")[:-1],
    "a torn title": TITLE[:-4],
    "an old title": b"TAG".ljust(128, b"\0"),
}
# In these the end of the audio is found though nobody says where it is.
WHOLE_BEHIND = [name for name in BEHIND if name != "a torn title"]


@pytest.mark.parametrize("behind", BEHIND)
def test_a_true_length_is_believed_whatever_stands_behind(behind: str) -> None:
    header, audio = read(riff(fmt(), chunk(b"data", LOUD)) + BEHIND[behind])
    assert (audio, header.oddities) == (LOUD, ())


@pytest.mark.parametrize("behind", WHOLE_BEHIND)
@given(size=st.integers(0, len(LOUD) - 1) | st.integers(len(LOUD) + 200, 2**32 - 1))
def test_all_of_the_audio_is_read_and_nothing_else_whatever_the_header_says(
    behind: str, size: int
) -> None:
    header, audio = read(riff(fmt(), chunk(b"data", LOUD, size)) + BEHIND[behind])
    assert audio == LOUD
    assert len(header.oddities) == 1


@given(
    samples=st.binary(max_size=300),
    size=st.none() | st.integers(0, 2**32 - 1),
    behind=st.sampled_from(list(BEHIND.values())) | st.binary(max_size=40),
    cut=st.integers(0, 60),
)
def test_whatever_is_wrong_with_a_file_its_audio_is_from_its_audio(
    samples: bytes, size: int | None, behind: bytes, cut: int
) -> None:
    file = riff(fmt(), chunk(b"data", samples, size)) + behind
    file = file[: max(len(file) - cut, 44)]
    header, audio = read(file)
    assert header.begins == 44
    there = file[44:]
    assert there.startswith(audio)
    assert len(audio) % 2 == 0
    # What the header says is cut short only by what looks like chunks.
    if size is not None and size > len(there) and not _title_in(there):
        assert len(audio) == len(there) - len(there) % 2


def _title_in(data: bytes) -> bool:
    return any(kind in data for kind in (b"LIST", b"id3 ", b"bext", b"TAG"))


# --- what a file is instead, and its name


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"ID3\x04 and so on", "MP3"),
        (b"\xff\xfb\x90\x64 and so on", "MP3"),
        (b"\xff\xf3\x44\xc4 and so on", "MP3"),
        (b"\xff\xf1\x50\x80 and so on", "AAC"),
        (b"OggS and so on", "Ogg"),
        (b"fLaC and so on", "FLAC"),
        (b"FORM\0\0\0\0AIFF", "AIFF"),
        (b"FORM\0\0\0\0AIFC", "AIFF"),
        (b"\0\0\0\x20ftypM4A ", "M4A or MP4"),
        (b"\x1aE\xdf\xa3 and so on", "WebM or Matroska"),
        (b"riff.\x91\xcf\x11\xa5\xd6", "Wave64"),
        (b"RIFX" + riff(fmt())[4:], "big-endian"),
        (b"RF64" + riff(fmt())[4:], "RF64"),
        (b"#!AMR\n and so on", "AMR"),
        (b".snd and so on", "Sun audio"),
        (b"caff and so on", "Core Audio"),
        (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9", "WMA"),
    ],
)
def test_another_kind_of_file_is_named_with_the_command_that_converts_it(
    start: bytes, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "my call.wav"
    path.write_bytes(start)
    with pytest.raises(WavError) as caught:
        read_wav(path)
    assert str(caught.value).startswith(f"{path}: expected a WAV file, found {kind}")
    assert str(caught.value).endswith(f"`ffmpeg -i '{path}' -c:a pcm_s16le out.wav`")


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"")
    with pytest.raises(WavError) as caught:
        read_wav(path)
    assert str(caught.value) == (
        f"{path}: expected a WAV file, this one is empty (0 bytes)"
    )
