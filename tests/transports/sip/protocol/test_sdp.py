"""Offers and answers: what both speak is agreed on, all else declined or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.sip.protocol import sdp
from voxpipe.transports.sip.protocol.errors import NoCommonCodec, SdpError
from voxpipe.transports.sip.protocol.sdp import Codec, Description, Direction, Media

OFFER = """\
v=0
o=- 1 1 IN IP4 192.0.2.5
s=-
c=IN IP4 192.0.2.5
t=0 0
m=video 5000 RTP/AVP 96
a=rtpmap:96 H264/90000
m=audio 6000 RTP/AVP 18 8 0 96
a=rtpmap:96 telephone-event/8000
m=audio 6002 RTP/AVP 0
"""


def test_the_first_voice_is_taken_and_all_else_declined() -> None:
    answer, media = Description("192.0.2.7", 4000).answer(sdp.parse(OFFER.encode()))
    assert media == Media("192.0.2.5", 6000, "PCMA", 96, "sendrecv")
    lines = answer.decode().split("\r\n")
    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 96",
        "m=audio 4000 RTP/AVP 8 96",
        "m=audio 0 RTP/AVP 0",
    ]


@given(
    st.permutations(["PCMU", "PCMA"]),
    st.permutations(["PCMU", "PCMA"]),
    st.integers(1, 2),
)
def test_both_sides_agree_on_the_same(
    ours: list[Codec], theirs: list[Codec], count: int
) -> None:
    caller = Description("2001:db8::5", 6000, theirs[:count])
    called = Description("2001:db8::7", 4000, ours)
    answer, media = called.answer(sdp.parse(caller.offer()))
    assert media == Media("2001:db8::5", 6000, theirs[0], 101, "sendrecv")
    assert caller.accept(sdp.parse(answer)) == Media(
        "2001:db8::7", 4000, theirs[0], 101, "sendrecv"
    )


@pytest.mark.parametrize(
    ("said", "address", "meant"),
    [
        ("sendrecv", "192.0.2.5", "sendrecv"),
        ("sendonly", "192.0.2.5", "recvonly"),
        ("recvonly", "192.0.2.5", "sendonly"),
        ("inactive", "192.0.2.5", "inactive"),
        ("sendrecv", "0.0.0.0", "recvonly"),  # hold, as RFC 2543 had it
        ("recvonly", "0.0.0.0", "inactive"),
    ],
)
@pytest.mark.parametrize("where", ["session", "media"])
def test_a_hold_is_seen_from_here(
    said: Direction, address: str, meant: Direction, where: str
) -> None:
    text = OFFER.replace("c=IN IP4 192.0.2.5", f"c=IN IP4 {address}")
    place = "t=0 0\n" if where == "session" else "telephone-event/8000\n"
    text = text.replace(place, f"{place}a={said}\n")
    assert sdp.parse(text.encode()).media(sdp.CODECS, "192.0.2.7").direction == meant


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("18 8 0 96", "18 96"),
        ("18 8 0 96", "18"),
        ("6000 RTP/AVP", "6000 RTP/SAVP"),
        ("m=audio 6000", "m=audio 0"),
        ("c=IN IP4 192.0.2.5\n", ""),
        (
            "a=rtpmap:96 tel",
            "a=rtpmap:8 PCMA/16000\na=rtpmap:0 PCMU/16000\na=rtpmap:96 tel",
        ),
    ],
)
def test_an_offer_that_nobody_can_take_says_so(old: str, new: str) -> None:
    text = OFFER.rpartition("m=audio")[0]
    assert old in text
    with pytest.raises(NoCommonCodec, match="expected an audio stream"):
        sdp.parse(text.replace(old, new).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"v=1",
        b"\xff",
        b"v=0\nm=audio\n",
        b"v=0\nm=audio x RTP/AVP 0\n",
        b"v=0\nm=audio 70000 RTP/AVP 0\n",
        b"v=0\nc=IN IP4 example.com\nm=audio 1 RTP/AVP 0\n",
        b"v=0\n" + b"a=x\n" * 10_000,
    ],
)
def test_what_is_no_description_is_refused(body: bytes) -> None:
    with pytest.raises(SdpError, match="expected"):
        sdp.parse(body)


@given(st.binary(max_size=300))
def test_rubbish_is_refused_and_nothing_else_happens(tail: bytes) -> None:
    try:
        offer = sdp.parse(OFFER.encode()[:120] + tail)
        Description("192.0.2.7", 4000).answer(offer)
    except SdpError:
        pass


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("239.1.1.1", "192.0.2.7"),
        ("255.255.255.255", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7"),  # what listens on our machine for us alone
        ("192.0.2.5", "2001:db8::7"),
    ],
)
def test_no_voice_is_sent_to_many_or_to_our_own_machine(host: str, ours: str) -> None:
    offer = sdp.parse(OFFER.replace("192.0.2.5", host).encode())
    with pytest.raises(NoCommonCodec, match="another machine"):
        Description(ours, 4000).answer(offer)
    with pytest.raises(NoCommonCodec, match="another machine"):
        Description(ours, 4000).accept(offer)
