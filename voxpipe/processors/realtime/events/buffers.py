"""What the service hears of the caller, and what it plays to them on a telephone."""

from __future__ import annotations

from typing import Any, Literal

from .event import Event, Name, Tally, Told


class SpeechEvent(Event, frozen=True):
    """The service's turn detection hears the caller begin, end, or say nothing.

    Attributes:
        item_id: what the turn will be called.
        audio_start_ms: counted in audio that was sent, pre-roll included.
        audio_end_ms: likewise, with the silence that ended the turn.
    """

    type: Literal[
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.timeout_triggered",
    ]
    item_id: Name = ""
    audio_start_ms: Tally = 0
    audio_end_ms: Tally = 0


class CommittedEvent(Event, frozen=True):
    """``input_audio_buffer.committed``: what the caller said becomes an item."""

    type: Literal["input_audio_buffer.committed"]
    item_id: Name = ""
    previous_item_id: Told[str] = None


class ClearedEvent(Event, frozen=True):
    """``input_audio_buffer.cleared``: what the caller said was thrown away."""

    type: Literal["input_audio_buffer.cleared"]


class DtmfEvent(Event, frozen=True):
    """``input_audio_buffer.dtmf_event_received``: a key of a telephone.

    Attributes:
        event: one of ``0-9*#A-D``; it may be one of a PIN.
        received_at: unix seconds.
    """

    type: Literal["input_audio_buffer.dtmf_event_received"]
    event: Name = ""
    received_at: Told[float] = None

    def __repr_args__(self) -> Any:
        yield "type", self.type


class PlaybackEvent(Event, frozen=True):
    """``output_audio_buffer.…``: the service plays a reply itself (WebRTC and SIP)."""

    type: Literal[
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
        "output_audio_buffer.cleared",
    ]
    response_id: Name = ""
