"""TeXML: what the webhook of a call tells Telnyx to do with it.

Source: https://developers.telnyx.com/docs/voice/programmable-voice/texml-verbs/stream
"""

from __future__ import annotations

from typing import Literal
from xml.etree.ElementTree import Element, SubElement, tostring

TICKET = "voxpipe-ticket"
"""The ``<Parameter>`` in which the stream brings its ticket back."""

TelnyxAudio = Literal["PCMU", "PCMA", "L16"]
"""What a call is streamed in, both ways."""


def connect_stream(
    url: str,
    ticket: str | None = None,
    *,
    audio: TelnyxAudio = "PCMU",
    rate: int = 8_000,
) -> str:
    """Have Telnyx stream the call, both ways.

    Args:
        url: ``wss://``.
        ticket: see `Tickets`.
        audio: the codec.
        rate: samples a second; of G.711 always 8,000.
    """
    response = Element("Response")
    stream = SubElement(
        SubElement(response, "Connect"),
        "Stream",
        url=url,
        track="inbound_track",
        codec=audio,
        bidirectionalMode="rtp",  # or it takes MP3 only
        bidirectionalCodec=audio,
        bidirectionalSamplingRate=str(rate),
    )
    if ticket is not None:
        SubElement(stream, "Parameter", name=TICKET, value=ticket)
    text: str = tostring(response, encoding="unicode")
    return '<?xml version="1.0" encoding="UTF-8"?>' + text
