"""What Telnyx can stream, by the names that it has for it."""

from __future__ import annotations

from typing import Any

from voxpipe.pipeline import AudioFormat, TransportError
from voxpipe.transports.telephony.carrier import fields

_ULAW, _ALAW = (AudioFormat("ulaw", 8_000),), (AudioFormat("alaw", 8_000),)
# Taken as little-endian. Telnyx does not say; RFC 3551 would have it the other way, and
# programs of others go either: to be proved by a live call.
_L16 = tuple(AudioFormat("pcm16", rate) for rate in (8_000, 16_000, 24_000))

# By both names, of its present pages and its older ones.
_FORMATS = {
    "PCMU": _ULAW,
    "AUDIO/X-MULAW": _ULAW,
    "PCMA": _ALAW,
    "AUDIO/X-ALAW": _ALAW,
    "L16": _L16,
    "AUDIO/L16": _L16,
}


def format_of(form: dict[str, Any]) -> AudioFormat:
    """The format of a ``media_format``.

    Raises:
        WireError: it is none.
        TransportError: another than these.
    """
    where = "start.media_format."
    name = fields.text_of(form, "encoding", where)
    rate = fields.number_of(form, "sample_rate", where)
    channels = fields.number_of(form, "channels", where)
    for format in _FORMATS.get(name.upper(), ()):
        if (format.rate, channels) == (rate, 1):
            return format
    raise TransportError(
        "expected PCMU or PCMA at 8000 Hz, or L16 at 8000, 16000 or 24000 Hz, mono; "
        f"got {name[:40]!r}, {rate} Hz, {channels} channels: see codec in the answer"
    )
