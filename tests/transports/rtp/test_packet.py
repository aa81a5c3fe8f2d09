from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.rtp.packet import RtpError, RtpPacket, ahead_16, ahead_32, parse

WORD = st.integers(0, 2**32 - 1)
PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 2**16 - 1),
    timestamp=WORD,
    ssrc=WORD,
    payload=st.binary(max_size=320),
    marker=st.booleans(),
    csrcs=st.lists(WORD, max_size=15).map(tuple),
    extension=st.none()
    | st.tuples(st.integers(0, 2**16 - 1), st.binary(max_size=40).map(lambda b: b * 4)),
)


def test_a_packet_reads_as_its_rfc_draws_it() -> None:
    data = bytes.fromhex("80 80 0001 000000a0 deadbeef ff7f".replace(" ", ""))
    assert parse(data) == RtpPacket(0, 1, 160, 0xDEADBEEF, b"\xff\x7f", marker=True)


@given(packet=PACKETS, padding=st.integers(0, 40))
def test_what_is_written_is_read_with_and_without_padding(
    packet: RtpPacket, padding: int
) -> None:
    data = packet.pack()
    if padding:
        data = (
            bytes([data[0] | 0x20]) + data[1:] + bytes(padding - 1) + bytes([padding])
        )
    assert parse(data) == packet


@given(packet=PACKETS, at=st.integers(0, 400))
def test_a_torn_header_is_refused_and_a_torn_payload_is_shorter(
    packet: RtpPacket, at: int
) -> None:
    whole = packet.pack()
    torn = whole[:at]
    header = len(whole) - len(packet.payload)
    if len(torn) < header:
        with pytest.raises(RtpError, match=r"expected|end of the packet"):
            parse(torn)
    else:
        assert parse(torn).payload == packet.payload[: len(torn) - header]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "12 to 1500 bytes, got 0"),
        (bytes(12), "version 2, got version 0"),
        (b"\x80" + bytes(1_500), "got 1501"),
        (b"\x8f" + bytes(11), "15 CSRCs"),
        (b"\x90" + bytes(11), "an RTP extension, got"),
        (b"\x90" + bytes(13) + b"\x00\x01", "an RTP extension of 1 words"),
        (b"\xa0" + bytes(12), "padding of 1 to 1 bytes, got 0"),
        (b"\xa0" + bytes(11) + b"\x02", "padding of 1 to 1 bytes, got 2"),
        (b"\xa0" + bytes(11), "padding of 1 to 0 bytes"),
    ],
)
def test_what_is_no_packet_says_what_was_expected(data: bytes, complaint: str) -> None:
    with pytest.raises(RtpError, match=complaint):
        parse(data)


@pytest.mark.parametrize(
    "packet",
    [
        RtpPacket(128, 0, 0, 0, b""),
        RtpPacket(0, 2**16, 0, 0, b""),
        RtpPacket(0, 0, -1, 0, b""),
        RtpPacket(0, 0, 0, 0, b"", csrcs=(1,) * 16),
        RtpPacket(0, 0, 0, 0, b"", csrcs=(2**32,)),
        RtpPacket(0, 0, 0, 0, b"", extension=(0, b"abc")),
    ],
)
def test_what_fits_into_no_header_is_not_written(packet: RtpPacket) -> None:
    with pytest.raises(RtpError):
        packet.pack()


def test_a_hundred_thousand_broken_packets_are_read_or_refused() -> None:
    random, refused = Random(1), 0
    for _ in range(100_000):
        size = random.choice((0, 1, 11, 12, 13, 16, 20, 40, 172, 172, 172))
        data = bytearray(random.randbytes(size))
        if size and random.random() < 0.9:
            data[0] = data[0] & 0x3F | 0x80
        try:
            packet = parse(bytes(data))
        except RtpError:
            refused += 1
        else:
            assert len(packet.payload) <= size - 12
            assert parse(packet.pack()) == packet
    assert 10_000 < refused < 90_000


@given(before=WORD, step=st.integers(-(2**15), 2**15 - 1))
def test_numbers_that_begin_anew_are_still_ahead(before: int, step: int) -> None:
    assert ahead_16((before + step) % 2**16, before % 2**16) == step
    assert ahead_32((before + step) % 2**32, before) == step
