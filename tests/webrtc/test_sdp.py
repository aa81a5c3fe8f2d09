"""What is asked of an offer before a library may read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.webrtc import OfferError, checked_sdp, has_media, reachable
from voxpipe.webrtc.sdp import MAX_CANDIDATES, MAX_SDP

AUDIO, DATA = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "m=application 9 X y\r\n"


@pytest.mark.parametrize("media", [AUDIO, AUDIO + DATA, DATA + AUDIO])
def test_sound_and_a_channel_or_none_are_taken(media: str) -> None:
    assert checked_sdp("v=0\r\n" + media).endswith(media)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "begins with v=0"),
        ("v=0\r\n", "one audio"),
        ("v=0\r\n" + DATA, "one audio"),
        ("v=0\r\n" + AUDIO + AUDIO, "one audio"),
        ("v=0\r\n" + AUDIO + DATA + DATA, "one audio"),
        ("v=0\r\n" + AUDIO + "m=video 9 X 96\r\n", "one audio"),
        ("v=0\r\n" + AUDIO + "a=candidate:\r\n" * (MAX_CANDIDATES + 1), "candidates"),
        ("v=0\r\n" + AUDIO + "a" * MAX_SDP, "characters"),
    ],
)
def test_anything_else_is_refused_and_says_what_was_expected(
    text: str, what: str
) -> None:
    with pytest.raises(OfferError, match=what):
        checked_sdp(text)


@given(st.text())
def test_rubbish_raises_no_other_error_and_is_not_repeated(text: str) -> None:
    secret = "a=ice-pwd:secret\r\n"
    with pytest.raises(OfferError) as caught:  # there is no medium before the text
        checked_sdp("v=0\r\n" + secret + text.replace("m=", ""))
    assert "secret" not in str(caught.value)
    assert not has_media(secret)


def candidate(host: str) -> str:
    return f"a=candidate:1 1 udp 2130706431 {host} 40000 typ host\r\n"


WITHIN = (
    *("10.0.0.7", "172.16.3.4", "192.168.1.9", "127.0.0.1", "169.254.169.254"),
    *("100.64.0.1", "0.0.0.0", "224.0.0.251", "255.255.255.255"),
    *("::1", "fe80::1", "fd00::7", "ff02::fb", "::ffff:10.0.0.7"),
    *("1234-5678.local", "localhost", "metadata.internal", ""),
)


@pytest.mark.parametrize("host", WITHIN)
def test_who_comes_from_the_internet_has_nobody_in_our_network_sent_anything(
    host: str,
) -> None:
    head, theirs = "v=0\r\n" + AUDIO, candidate("8.8.4.4")
    offer = head + candidate(host) + theirs + "a=end-of-candidates\r\n"
    kept = head + theirs + "a=end-of-candidates\r\n"
    assert reachable(offer, ("8.8.4.4", 5)) == kept
    assert reachable(offer, ("2001:4860:4860::8844", 5)) == kept
    assert reachable(head + "a=candidate:\r\n", ("8.8.4.4", 5)) == head


@pytest.mark.parametrize("client", [None, ("127.0.0.1", 5), ("192.168.1.2", 5)])
def test_who_comes_from_our_network_or_by_a_proxy_may_be_anywhere_in_it(
    client: tuple[str, int] | None,
) -> None:
    offer = "v=0\r\n" + AUDIO + "".join(candidate(host) for host in WITHIN)
    assert reachable(offer, client) == offer
