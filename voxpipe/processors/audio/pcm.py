"""What the boxes that calculate with samples have in common."""

from __future__ import annotations

from voxpipe.pipeline import AudioFormat, FormatError


def need_pcm16(format: AudioFormat, doing: str) -> None:
    """Refuse what cannot be calculated with.

    Args:
        format: of the audio that wants to enter.
        doing: what the box does, as the first word of the message: ``resampling``.

    Raises:
        FormatError: it is not pcm16.
    """
    if format.encoding != "pcm16":
        raise FormatError(f"{doing} takes pcm16: put Decode() in front")
