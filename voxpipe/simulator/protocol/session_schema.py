"""The fields of a session: names, shapes and ranges, as the GA protocol has them."""

from __future__ import annotations

from typing import Any

from voxpipe.simulator.errors import Refusal

from .mcp_schema import MCP_CHOICE, MCP_TOOL, NAME
from .schema import (
    Shape,
    an_object,
    array,
    boolean,
    either,
    fields,
    integer,
    matching,
    nullable,
    number,
    one_of,
    tagged,
    text,
)
from .transcribers import TRANSCRIBERS

MODELS = (
    "gpt-realtime",
    "gpt-realtime-2025-08-28",
    "gpt-realtime-1.5",
    "gpt-realtime-2",
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-realtime-mini",
    "gpt-realtime-mini-2025-10-06",
    "gpt-realtime-mini-2025-12-15",
    "gpt-audio-1.5",
    "gpt-audio-mini",
    "gpt-audio-mini-2025-10-06",
    "gpt-audio-mini-2025-12-15",
)
TRANSLATORS = ("gpt-realtime-translate",)


def reasons(model: str) -> bool:
    """Whether a model is of the 2.x family: reasoning, phases, parallel calls."""
    return model.startswith("gpt-realtime-2") and "2025" not in model


FORMAT = tagged(
    "type",
    {
        "audio/pcm": fields({"rate": integer(24_000, 24_000)}),
        "audio/pcmu": fields({}),
        "audio/pcma": fields({}),
    },
)
_MAX_MS = 3_600_000  # nothing in a session is longer than the session
_SERVER_VAD: dict[str, Shape] = {
    "threshold": number(0, 1),
    "prefix_padding_ms": integer(0, _MAX_MS),
    "silence_duration_ms": integer(0, _MAX_MS),
}
_SEMANTIC_VAD = {"eagerness": one_of("low", "medium", "high", "auto")}
_ANSWERS: dict[str, Shape] = {
    "create_response": boolean,
    "interrupt_response": boolean,
}
_TURN_DETECTION = tagged(
    "type",
    {
        "server_vad": fields(
            {
                **_SERVER_VAD,
                **_ANSWERS,
                "idle_timeout_ms": nullable(integer(5_000, 30_000)),
            }
        ),
        "semantic_vad": fields(_SEMANTIC_VAD | _ANSWERS),
    },
)
_CHUNKING = tagged(
    "type",
    {"server_vad": fields(_SERVER_VAD), "semantic_vad": fields(_SEMANTIC_VAD)},
)
NOISE_REDUCTION = fields(
    {"type": one_of("near_field", "far_field"), "strength": number(0, 1)}
)
LANGUAGE = matching(r"[A-Za-z]{2,3}(-[A-Za-z]{2,4})?", "an ISO-639-1 language code")
_TRANSCRIPTION = fields(
    {
        "model": one_of(*TRANSCRIBERS),
        "language": nullable(LANGUAGE),
        "languages": nullable(array(LANGUAGE, 20)),
        "prompt": nullable(text()),
        "keywords": nullable(array(text(200), 1000)),
        "delay": nullable(one_of("minimal", "low", "medium", "high", "xhigh")),
    }
)
# The client has this list as well: who judges it must not ask it.
VOICES = (
    "alloy",
    "ash",
    "ballad",
    "coral",
    "echo",
    "sage",
    "shimmer",
    "verse",
    "marin",
    "cedar",
)
VOICE = either("a voice", text=one_of(*VOICES), object=fields({"id": text(128)}, "id"))

FUNCTION = fields(
    {
        "name": NAME,
        "description": nullable(text()),
        "parameters": nullable(an_object),
        "strict": nullable(boolean),
    },
    "name",
)
TOOLS = array(tagged("type", {"function": FUNCTION, "mcp": MCP_TOOL}), 128)
TOOL_CHOICE = either(
    "a string or an object",
    text=one_of("auto", "none", "required"),
    object=tagged(
        "type", {"function": fields({"name": NAME}, "name"), "mcp": MCP_CHOICE}
    ),
)


def max_output_tokens(value: Any, path: str) -> Any:
    """1 to 4096, or ``inf``."""
    if type(value) is str:
        return one_of("inf")(value, path)
    return integer(1, 4096)(value, path)


def modalities(value: Any, path: str) -> Any:
    """``["audio"]`` or ``["text"]``, never both."""
    checked = array(one_of("text", "audio"), 16)(value, path)
    if checked not in (["audio"], ["text"]):
        raise Refusal(
            "invalid_value",
            f"Invalid modalities: {checked}. Supported combinations are: "
            "['text'] and ['audio'].",
            path,
        )
    return checked


REASONING = fields(
    {"effort": one_of("none", "minimal", "low", "medium", "high", "xhigh")}
)
PROMPT = fields(
    {"id": text(128), "version": nullable(text(64)), "variables": nullable(an_object)},
    "id",
)
_TRUNCATION = either(
    "a string or an object",
    text=one_of("auto", "disabled"),
    object=fields(
        {
            "type": one_of("retention_ratio"),
            "retention_ratio": number(0, 1),
            "token_limits": fields({"post_instructions": integer(0, 1 << 20)}),
        },
        "type",
        "retention_ratio",
    ),
)
_TRACING = either(
    "a string or an object",
    text=one_of("auto"),
    object=fields(
        {
            "workflow_name": nullable(text()),
            "group_id": nullable(text()),
            "metadata": nullable(an_object),
        }
    ),
)
_INCLUDE = array(one_of("item.input_audio_transcription.logprobs"), 1)


def _input(turn_detection: Shape) -> Shape:
    return fields(
        {
            "format": FORMAT,
            "transcription": nullable(_TRANSCRIPTION),
            "noise_reduction": nullable(NOISE_REDUCTION),
            "turn_detection": nullable(turn_detection),
        }
    )


REALTIME = fields(
    {
        "type": text(),
        "model": text(128),
        "output_modalities": modalities,
        "instructions": text(),
        "audio": fields(
            {
                "input": _input(_TURN_DETECTION),
                "output": fields(
                    {"format": FORMAT, "voice": VOICE, "speed": number(0.25, 1.5)}
                ),
            }
        ),
        "tools": TOOLS,
        "tool_choice": TOOL_CHOICE,
        "parallel_tool_calls": boolean,
        "reasoning": nullable(REASONING),
        "max_output_tokens": max_output_tokens,
        "tracing": nullable(_TRACING),
        "truncation": _TRUNCATION,
        "prompt": nullable(PROMPT),
        "include": nullable(_INCLUDE),
    }
)
TRANSCRIPTION = fields(
    {
        "type": text(),
        "audio": fields({"input": _input(_CHUNKING)}),
        "include": nullable(_INCLUDE),
    }
)
