"""Messages out of a stream: the same whatever pieces it comes in, or a refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.sip.protocol.errors import SipMessageError
from voxpipe.transports.sip.protocol.framing import Framing

MESSAGES = [
    b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n",
    b"INVITE sip:a@b SIP/2.0\r\nl: 11\r\n\r\nv=0\r\n\r\nabcd",
    b"SIP/2.0 200 OK\r\nCONTENT-LENGTH  :  3  \r\nX: y\r\n\r\nabc",
]


@given(
    st.lists(st.sampled_from(MESSAGES), max_size=5),
    st.lists(st.integers(1, 40), min_size=1),
    st.integers(0, 3),
)
def test_pieces_make_no_difference(
    messages: list[bytes], sizes: list[int], pings: int
) -> None:
    stream = b"".join(b"\r\n\r\n" * pings + each for each in messages)
    framing, found, at, number = Framing(), list[bytes](), 0, 0
    while at < len(stream):
        size = sizes[number % len(sizes)]
        found += framing.feed(stream[at : at + size])
        at, number = at + size, number + 1
    assert found == messages


@pytest.mark.parametrize(
    "stream",
    [
        b"OPTIONS sip:a@b SIP/2.0\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 99999\r\n\r\n",
        b"x" * 20_000,
    ],
)
def test_what_has_no_end_that_can_be_found_is_refused(stream: bytes) -> None:
    with pytest.raises(SipMessageError, match="expected"):
        Framing().feed(stream)
