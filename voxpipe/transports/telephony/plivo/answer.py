"""Plivo's XML: what the answer to its webhook has it do with a call.

Source: https://plivo.com/docs/voice/xml/audiostream
"""

from __future__ import annotations

from typing import Literal
from xml.etree.ElementTree import Element, SubElement, tostring

TICKET = "voxpipeTicket"
"""Among ``extraHeaders``, which hold letters and digits only."""

PlivoAudio = Literal[
    "audio/x-mulaw;rate=8000", "audio/x-l16;rate=8000", "audio/x-l16;rate=16000"
]
"""What a call is streamed in, both ways."""


def connect_stream(
    url: str,
    ticket: str | None = None,
    *,
    audio: PlivoAudio = "audio/x-mulaw;rate=8000",
) -> str:
    """Have Plivo stream the call, both ways, as long as the stream lasts.

    Args:
        url: ``wss://``.
        ticket: see `Tickets`.
        audio: the codec.
    """
    response = Element("Response")
    stream = SubElement(
        response,
        "Stream",
        bidirectional="true",
        keepCallAlive="true",
        contentType=audio,
    )
    if ticket is not None:
        stream.set("extraHeaders", f"{TICKET}={ticket}")
    stream.text = url
    text: str = tostring(response, encoding="unicode")
    return '<?xml version="1.0" encoding="UTF-8"?>' + text
