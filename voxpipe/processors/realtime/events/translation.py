"""What only translation sessions say: a stream without items and replies."""

from __future__ import annotations

from typing import Literal

from .event import Count, Event, Told


class TranslatedAudioEvent(Event, frozen=True):
    """``session.output_audio.delta``: more of the interpreter's voice.

    Attributes:
        delta: in base64.
        elapsed_ms: of the audio that was heard, when this came out.
        format: ``pcm16``.
    """

    type: Literal["session.output_audio.delta"]
    delta: str
    elapsed_ms: Told[Count] = None
    sample_rate: Told[int] = None
    channels: Told[int] = None
    format: Told[str] = None


class TranslatedWordsEvent(Event, frozen=True):
    """``session.…_transcript.delta``: more words, to be appended as they are."""

    type: Literal["session.input_transcript.delta", "session.output_transcript.delta"]
    delta: str
    elapsed_ms: Told[Count] = None


class SessionClosedEvent(Event, frozen=True):
    """``session.closed``: all of it is out, as was asked for."""

    type: Literal["session.closed"]
