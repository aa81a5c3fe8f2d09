"""Telnyx' signature: of this body, with this key, not long ago."""

from __future__ import annotations

import sys

import pytest

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony.telnyx import Telnyx
from voxpipe.transports.telephony.telnyx.signature import TOLERANCE, PublicKey
from voxpipe.transports.telephony.testing import public_key
from voxpipe.transports.telephony.testing.fake_telnyx import signature

SECRET, BODY, NOW = (
    bytes(range(32)),
    b"CallSid=v3%3Aabc&From=%2B15550100",
    1_764_000_000.0,
)


def judged(
    body: bytes = BODY,
    *,
    secret: bytes = SECRET,
    now: float = NOW,
    changed: dict[str, str] | None = None,
) -> bool:
    headers = signature(secret, BODY, NOW)
    given = {
        "signature": headers["telnyx-signature-ed25519"],
        "timestamp": headers["telnyx-timestamp"],
    } | (changed or {})
    return PublicKey(public_key(SECRET)).has_signed(
        body, given["signature"], given["timestamp"], now
    )


def test_what_telnyx_has_signed_is_known() -> None:
    assert judged()
    assert judged(now=NOW + TOLERANCE)
    assert judged(now=NOW - TOLERANCE)


@pytest.mark.parametrize("late", [-TOLERANCE - 1, TOLERANCE + 1, 86_400])
def test_what_was_signed_long_ago_or_in_the_future_is_not(late: float) -> None:
    assert not judged(now=NOW + late)


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": ""},
        {"signature": "AAAA"},
        {"signature": "A" * 88},
        {"signature": "no base64 at all"},
        {"signature": "é" * 88},
        {"timestamp": ""},
        {"timestamp": "1764000001"},
        {"timestamp": "-1764000000"},
        {"timestamp": "1764000000.0"},
        {"timestamp": "١٧٦٤٠٠٠٠٠٠"},
        {"timestamp": "9" * 400},
    ],
    ids=str,
)
def test_anything_else_is_refused(changed: dict[str, str]) -> None:
    assert not judged(changed=changed)


def test_another_body_or_another_key_is_refused() -> None:
    assert not judged(BODY + b"&")
    assert not judged(secret=bytes(32))


@pytest.mark.parametrize("key", ["x", "AAAA", "é", "A" * 44 + "="])
def test_a_key_that_is_none_is_refused_with_where_to_find_it(key: str) -> None:
    with pytest.raises(ConfigurationError, match="Keys & Credentials") as caught:
        Telnyx(key)
    assert caught.value.__context__ is None


def test_without_cryptography_the_cure_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [each for each in sys.modules if each.startswith("cryptography")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"pip install 'voxpipe\[telnyx\]'"):
        Telnyx("A" * 43 + "=")
    assert not Telnyx().is_known  # which needs none


@pytest.mark.parametrize(("audio", "rate"), [("PCMU", 16_000), ("L16", 44_100)])
def test_a_rate_that_a_codec_has_not_is_refused(audio: str, rate: int) -> None:
    with pytest.raises(ConfigurationError, match="8000"):
        Telnyx(audio=audio, rate=rate)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
