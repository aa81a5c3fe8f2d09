"""TwiML: what the webhook of a call tells Twilio to do with it.

Source: https://www.twilio.com/docs/voice/twiml/stream
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from xml.etree.ElementTree import Element, SubElement, tostring

TICKET = "voxpipe-ticket"
"""The ``<Parameter>`` in which the stream brings its ticket back."""


HANG_UP = '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>'
"""End the call, without a word."""


def mark_of(ticket: str) -> str:
    """What tells a stream's URL from all others, and nothing of its ticket."""
    return sha256(ticket.encode()).hexdigest()[:32]


def connect_stream(
    url: str, ticket: str | None = None, parameters: Mapping[str, str] | None = None
) -> str:
    """Have Twilio stream the call, both ways.

    Args:
        url: ``wss://``, without a query (Twilio would drop it).
        ticket: see `Tickets`.
        parameters: for the app, as `Call.parameters`; Twilio takes 500 characters of
            name and value together.
    """
    response = Element("Response")
    stream = SubElement(SubElement(response, "Connect"), "Stream", url=url)
    named = dict(parameters or {})
    if ticket is not None:
        named[TICKET] = ticket
    for name, value in named.items():
        SubElement(stream, "Parameter", name=name, value=value)
    text: str = tostring(response, encoding="unicode")
    return '<?xml version="1.0" encoding="UTF-8"?>' + text
