"""The caller's words, written down beside the conversation and later than it."""

from __future__ import annotations

from typing import Any, Literal

from .event import Count, Event, Fields, Name, OfItem, Told
from .session import ErrorDetail
from .usage import TranscriptionUsage


class Language(Fields, frozen=True):
    """One that was spoken."""

    code: Told[str] = None


class TranscriptionEvent(Event, frozen=True):
    """``conversation.item.input_audio_transcription.…``: the caller's words.

    Attributes:
        delta: what is new, of ``….delta``.
        transcript: all of it, of ``….completed``.
        error: why there is none, of ``….failed``.
        logprobs: how sure the transcriber is, where the session includes that.
    """

    type: Literal[
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.failed",
    ]
    item_id: Name = ""
    content_index: Told[Count] = None
    delta: Told[str] = None
    transcript: Told[str] = None
    usage: Told[TranscriptionUsage] = None
    languages: Told[tuple[Language, ...]] = None
    logprobs: Told[tuple[dict[str, Any], ...]] = None
    error: Told[ErrorDetail] = None


class SegmentEvent(OfItem, frozen=True):
    """``conversation.item.input_audio_transcription.segment``: who said what, when.

    Attributes:
        speaker: a name for the voice.
        start: seconds into the item.
        end: seconds into the item.
    """

    type: Literal["conversation.item.input_audio_transcription.segment"]
    id: Told[str] = None
    content_index: Told[Count] = None
    speaker: Told[str] = None
    start: Told[float] = None
    end: Told[float] = None
    text: Told[str] = None
