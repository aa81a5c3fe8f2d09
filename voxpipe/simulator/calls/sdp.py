"""An answer to a WebRTC offer: plausible, and without media."""

from __future__ import annotations

import re
from random import Random

from voxpipe.simulator.errors import Refusal

_MAX_OFFER = 256 * 1024  # characters of an offer
_MEDIA = re.compile(r"m=(\w+) \d+ (\S+) (\S+)")


def answer(offer: str, random: Random) -> str:
    """The SDP answer to ``offer``: each of its media is there, and inactive.

    Raises:
        Refusal: this is no offer.
    """
    lines = offer.splitlines()
    if len(offer) > _MAX_OFFER or not lines or lines[0] != "v=0":
        raise Refusal("invalid_sdp", "Invalid 'sdp': expected an SDP offer.", "sdp")
    session = [
        "v=0",
        f"o=- {random.getrandbits(62)} 2 IN IP4 127.0.0.1",
        "s=voxpipe simulator, without media",
        "t=0 0",
        *(line for line in lines if line.startswith("a=group:BUNDLE")),
    ]
    secrets = [
        f"a=ice-ufrag:{random.getrandbits(32):08x}",
        f"a=ice-pwd:{random.getrandbits(128):032x}",
        "a=fingerprint:sha-256 "
        + ":".join(f"{byte:02X}" for byte in random.randbytes(32)),
        "a=setup:passive",
    ]
    media: list[str] = []
    for line in lines:
        if found := _MEDIA.match(line):
            kind, profile, first = found.groups()
            media += [f"m={kind} 9 {profile} {first}", "c=IN IP4 0.0.0.0", *secrets]
            if kind != "application":
                media.append("a=inactive")
        elif media and line.startswith(("a=mid:", "a=sctp-port:")):
            media.append(line)
    if not media:
        raise Refusal("invalid_sdp", "Invalid 'sdp': the offer has no media.", "sdp")
    return "\r\n".join([*session, *media, ""])
