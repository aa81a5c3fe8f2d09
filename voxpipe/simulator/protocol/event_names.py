"""The names of all events, for telling a slip of the pen in a script.

Source: the unions of openai 3.54; a test compares them with those of the SDK that is
installed.
"""

from __future__ import annotations

from .client_events import CLIENT_EVENTS

_TRANSCRIPTION = "conversation.item.input_audio_transcription"

SERVER_EVENTS = (
    "conversation.created",
    "conversation.item.added",
    "conversation.item.created",
    "conversation.item.deleted",
    "conversation.item.done",
    f"{_TRANSCRIPTION}.completed",
    f"{_TRANSCRIPTION}.delta",
    f"{_TRANSCRIPTION}.failed",
    f"{_TRANSCRIPTION}.segment",
    "conversation.item.retrieved",
    "conversation.item.truncated",
    "error",
    "input_audio_buffer.cleared",
    "input_audio_buffer.committed",
    "input_audio_buffer.dtmf_event_received",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.timeout_triggered",
    "mcp_list_tools.completed",
    "mcp_list_tools.failed",
    "mcp_list_tools.in_progress",
    "output_audio_buffer.cleared",
    "output_audio_buffer.started",
    "output_audio_buffer.stopped",
    "rate_limits.updated",
    "response.content_part.added",
    "response.content_part.done",
    "response.created",
    "response.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
    "response.mcp_call.in_progress",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.done",
    "response.output_item.added",
    "response.output_item.done",
    "response.output_text.delta",
    "response.output_text.done",
    "session.created",
    "session.updated",
    # of translation sessions
    "session.closed",
    "session.input_transcript.delta",
    "session.output_audio.delta",
    "session.output_transcript.delta",
)

ALL_EVENTS = (*CLIENT_EVENTS, "output_audio_buffer.clear", *SERVER_EVENTS)
"""Both directions; no name is used in both."""
