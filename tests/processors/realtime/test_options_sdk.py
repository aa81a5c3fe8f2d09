"""Our options beside the SDK's types: what a new release adds, shows here."""

from __future__ import annotations

import types
import typing
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from openai.types.realtime import (
    AudioTranscription,
    RealtimeAudioConfigInput,
    RealtimeAudioConfigOutput,
    RealtimeSessionCreateRequest,
    RealtimeTruncationRetentionRatio,
)
from openai.types.realtime.realtime_tool_choice_config import RealtimeToolChoiceConfig
from openai.types.realtime.realtime_tracing_config import RealtimeTracingConfig
from openai.types.responses import ResponsePrompt
from pydantic import BaseModel

from voxpipe.processors.realtime import SemanticVad, ServerVad, Settings
from voxpipe.processors.realtime.config import (
    McpChoice,
    NoiseReduction,
    Prompt,
    Retention,
    Tracing,
    Transcription,
)
from voxpipe.processors.realtime.config.options import Delay, Distance, Effort
from voxpipe.processors.realtime.config.turn_detection import Eagerness


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The SDK's models in a type of its, however deep in unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, typing.Annotated):
        return [model for each in get_args(annotation) for model in models_in(each)]
    return []


def field(model: type[BaseModel], name: str) -> Any:
    """The type of a field."""
    return model.model_fields[name].annotation


def words(annotation: Any) -> set[str]:
    """All words that a type allows."""
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    return {word for each in get_args(annotation) for word in words(each)}


TURNS = field(RealtimeAudioConfigInput, "turn_detection")
SERVER_VAD, SEMANTIC_VAD = models_in(TURNS)
(NOISE,) = models_in(field(RealtimeAudioConfigInput, "noise_reduction"))
(TRACING,) = models_in(RealtimeTracingConfig)
(REASONING,) = models_in(field(RealtimeSessionCreateRequest, "reasoning"))
FUNCTION_CHOICE, MCP_CHOICE = models_in(RealtimeToolChoiceConfig)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (SERVER_VAD, [ServerVad(idle_ms=6_000).to_wire()]),
        (SEMANTIC_VAD, [SemanticVad().to_wire()]),
        (NOISE, [NoiseReduction(strength=0.5).to_wire()]),
        (
            AudioTranscription,
            [
                Transcription(languages=["de"], keywords=["x"], prompt="x").to_wire(),
                Transcription(language="de").to_wire(),
                Transcription(model="gpt-realtime-whisper", delay="low").to_wire(),
            ],
        ),
        (RealtimeTruncationRetentionRatio, [Retention(tokens=1).to_wire()]),
        (TRACING, [Tracing(workflow="w", group="g", metadata={}).to_wire()]),
        (ResponsePrompt, [Prompt(id="p", version="1", variables={"a": "b"}).to_wire()]),
        (REASONING, [Settings(reasoning="low").to_wire()["reasoning"]]),
        (FUNCTION_CHOICE, [Settings(tool_choice="book").to_wire()["tool_choice"]]),
        (MCP_CHOICE, [McpChoice(server="s", tool="t").to_wire()]),
    ],
)
def test_every_detail_that_the_sdk_knows_can_be_asked_for(
    theirs: type[BaseModel], ours: list[dict[str, Any]]
) -> None:
    """And nothing else is sent."""
    for each in ours:
        assert not theirs.model_validate(each).model_extra
    assert {name for each in ours for name in each} == set(theirs.model_fields)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        # `none` is missing in the SDK (3.57): pydantic-ai sends it, and 2.x takes it.
        (Literal["none"] | field(REASONING, "effort"), Effort),
        (field(AudioTranscription, "delay"), Delay),
        (field(NOISE, "type"), Distance),
        (field(SEMANTIC_VAD, "eagerness"), Eagerness),
    ],
)
def test_the_words_to_choose_from_are_the_sdks(theirs: Any, ours: Any) -> None:
    assert words(theirs) == words(ours)


def test_every_voice_that_the_sdk_names_is_sent_by_its_name() -> None:
    voices = words(field(RealtimeAudioConfigOutput, "voice"))
    assert {"marin", "cedar", "alloy"} <= voices
    for voice in voices:
        wire = Settings(voice=voice).to_wire()
        assert wire["audio"]["output"]["voice"] == voice
