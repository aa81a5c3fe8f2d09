"""What is asked of an offer before a library may read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.webrtc import OfferError, checked_sdp, has_media
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
