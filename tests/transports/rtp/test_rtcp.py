from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.rtp.rtcp import (
    Block,
    Bye,
    Control,
    Report,
    RtcpError,
    Sent,
    Source,
    pack,
    parse,
)

WORD = st.integers(0, 2**32 - 1)
BLOCKS = st.builds(
    Block,
    ssrc=WORD,
    fraction=st.integers(0, 255),
    lost=st.integers(-(2**23), 2**23 - 1),
    highest=WORD,
    jitter=WORD,
    last_report=WORD,
    since_report=WORD,
)
SENT = st.builds(
    Sent, clock=st.integers(0, 2**64 - 1), timestamp=WORD, packets=WORD, octets=WORD
)
REPORTS = st.builds(
    Report,
    ssrc=WORD,
    blocks=st.lists(BLOCKS, max_size=5).map(tuple),
    sent=st.none() | SENT,
)
OTHERS = st.builds(Bye, st.lists(WORD, max_size=5).map(tuple)) | st.builds(
    Source, ssrc=WORD, cname=st.binary(max_size=255)
)


@given(report=REPORTS, others=st.lists(REPORTS | OTHERS, max_size=4))
def test_what_is_written_is_read(report: Report, others: list[Control]) -> None:
    data = pack([report, *others])
    assert len(data) % 4 == 0
    assert parse(data) == (report, *others)


def test_a_report_reads_as_its_rfc_draws_it() -> None:
    data = bytes.fromhex(
        "81c9 0007 00000001 00000002 40 ffffff 00010005 00000010 aabbccdd 00010000"
    )
    block = Block(2, 64, -1, 0x10005, 16, 0xAABBCCDD, 65_536)
    assert parse(data) == (Report(1, (block,)),)


def test_kinds_and_items_that_are_not_known_are_passed_over() -> None:
    receiver = pack([Report(1)])
    app = bytes.fromhex("80cc 0002 00000001 41414141")
    tool = bytes.fromhex("81ca 0003 00000001 06 02 4142 01 01 43 00".replace(" ", ""))
    assert parse(receiver + app + tool) == (Report(1), Source(1, b"C"))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "expected an RTCP packet"),
        (bytes.fromhex("00c9000100000001"), "version 0"),
        (bytes.fromhex("8064000100000001"), "of kind 200 to 207, got kind 100"),
        (bytes.fromhex("80c9000200000001"), "of 2 words"),
        (bytes.fromhex("81c9000100000001"), "expected 1 entries"),
        (bytes.fromhex("80c900010000000180"), "end of the datagram"),
        (bytes.fromhex("a0c9000100000000"), "padded"),
        (bytes(1_501), "at most 1500"),
    ],
)
def test_what_is_no_rtcp_says_what_was_expected(data: bytes, complaint: str) -> None:
    with pytest.raises(RtcpError, match=complaint):
        parse(data)


def test_a_hundred_thousand_broken_packets_are_read_or_refused() -> None:
    random, refused = Random(1), 0
    good = pack(
        [
            Report(1, (Block(2), Block(3)), Sent(1, 2, 3, 4)),
            Source(1, b"name"),
            Bye((1, 2)),
        ]
    )
    for _ in range(100_000):
        data = bytearray(good[: random.randint(0, len(good))])
        for _ in range(random.randint(0, 4)):
            if data:
                data[random.randrange(len(data))] = random.getrandbits(8)
        try:
            parse(bytes(data))
        except RtcpError:
            refused += 1
    assert 1_000 < refused < 100_000


def test_what_does_not_fit_is_not_written() -> None:
    with pytest.raises(RtcpError, match="does not fit"):
        pack([Report(2**32)])
    with pytest.raises(RtcpError, match="at most 31"):
        pack([Bye((1,) * 32)])


def test_a_packet_may_begin_with_what_is_no_report() -> None:
    app = bytes.fromhex("80cc0002000000016e616d65")  # as baresip's, RFC 5506
    assert parse(app + pack([Bye((7,))])) == (Bye((7,)),)
