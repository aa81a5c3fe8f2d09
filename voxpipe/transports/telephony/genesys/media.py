"""What Genesys offers to stream, what it complains of, and how it writes a time."""

from __future__ import annotations

import re
from typing import Any, cast

from voxpipe.pipeline import AudioFormat, TransportError
from voxpipe.transports.telephony.carrier import fields
from voxpipe.transports.telephony.carrier.events import Complaint, Slowed

FORMATS = {"PCMU": AudioFormat("ulaw", 8_000), "L16": AudioFormat("pcm16", 8_000)}
"""The first that is offered of these: what is G.711 passes undecoded."""

_DURATION = re.compile(r"PT(\d{1,9})(?:\.(\d{1,9}))?S", re.ASCII)


def choose(parameters: dict[str, Any]) -> tuple[AudioFormat, dict[str, Any]]:
    """The format of a session, and the one of its ``media`` that it is.

    Of the channels it has to be ``external``, the person who calls, and no other.

    Raises:
        WireError: there is no list of media.
        TransportError: there is none of these among them.
    """
    media: list[Any] | None = parameters.get("media")
    if type(media) is not list:
        raise fields.wrong("parameters.media", "a list", media)
    for name, format in FORMATS.items():
        for each in media:
            if not isinstance(each, dict):
                continue
            offer = cast("dict[str, Any]", each)
            wanted: dict[str, Any] = {
                "type": "audio",
                "format": name,
                "channels": ["external"],
                "rate": format.rate,
            }
            if wanted.items() <= offer.items():
                return format, wanted
    raise TransportError(
        "expected Genesys to offer PCMU or L16 of 8000 Hz with the external channel "
        "alone, as an Audio Connector does; it has none of them: is it an AudioHook "
        "Monitor?"
    )


def complaint_of(parameters: dict[str, Any]) -> Complaint:
    """An error that Genesys tells; after some it wants to be left alone for a time.

    Raises:
        WireError: it has no code, or the time is none.
    """
    code = fields.number_of(parameters, "code", "parameters.")
    then = None
    if "retryAfter" in parameters:
        then = Slowed(milliseconds_of(parameters, "retryAfter") / 1000)
    return Complaint(f"expected to be understood, got error {code}", then)


def milliseconds_of(value: dict[str, Any], name: str) -> int:
    """The time in the field ``name``, such as ``PT1.5S``.

    Raises:
        WireError: it is none.
    """
    text = fields.text_of(value, name)
    found = _DURATION.fullmatch(text)
    if found is None:
        raise fields.wrong(name, "seconds such as PT1.5S", text)
    return int(found[1]) * 1000 + int(((found[2] or "") + "000")[:3])
