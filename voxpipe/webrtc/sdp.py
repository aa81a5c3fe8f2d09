"""What is asked of an SDP before a library may read it: it comes from strangers."""

from __future__ import annotations

import re
from ipaddress import ip_address

from voxpipe.pipeline import TransportError

MAX_SDP = 65_536  # characters; a browser's offer has some 5,000
MAX_CANDIDATES = 64  # each is an address that checks are sent to
_MEDIA = re.compile(r"^m=(\S*)", re.MULTILINE)
_MEANT = ("ice-ufrag", "ice-pwd", "fingerprint", "setup")
_CURE = "is it of an RTCPeerConnection, once its candidates were gathered?"


class OfferError(TransportError):
    """An SDP that cannot be read, or asks for what is not to be had; says what."""


def checked_sdp(text: str) -> str:
    """An offer, or an answer, of sound and at most one channel for messages.

    Raises:
        OfferError: it is none, too long, or of more than that.
    """
    if len(text) > MAX_SDP:
        raise unreadable(f"an SDP of at most {MAX_SDP} characters", len(text))
    if not text.startswith("v=0"):
        raise unreadable("an SDP, which begins with v=0", "something else")
    kinds = _MEDIA.findall(text)
    if sorted(kinds) not in (["audio"], ["application", "audio"]):
        told = ", ".join(str(kind)[:20] for kind in kinds[:4]) or "none"
        raise unreadable("one audio, and one channel for data or none", ascii(told))
    candidates = text.count("a=candidate:")
    if candidates > MAX_CANDIDATES:
        raise unreadable(f"at most {MAX_CANDIDATES} candidates", candidates)
    return text


def has_media(text: str) -> bool:
    """Whether somebody means to connect by it: it says how, and who they are."""
    return all(f"a={name}:" in text for name in _MEANT)


def reachable(text: str, client: tuple[str, int] | None) -> str:
    """An offer without addresses that who posts it cannot mean.

    Checks are sent to each candidate. Who comes from the internet is in no network of
    ours: to have packets sent there, and names asked for by mDNS, is all that private
    addresses of theirs could do. They are reached at the address they check us from.

    Args:
        text: the offer.
        client: who has posted it; of this machine or a private network, as behind a
            proxy, any address may be meant.
    """
    if client is None or not _is_public(client[0]):
        return text
    lines = text.splitlines(keepends=True)
    return "".join(each for each in lines if not _is_private_candidate(each))


def _is_private_candidate(line: str) -> bool:
    # a=candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT (RFC 8839, 5.1)
    words = line.split(" ", 5)
    if not line.startswith("a=candidate:"):
        return False
    return len(words) < 5 or not _is_public(words[4])


def _is_public(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_global and not address.is_multicast


def unreadable(expected: str, came: object) -> OfferError:
    """The error for what is not as it should be."""
    return OfferError(f"expected {expected}, got {came}: {_CURE}")
