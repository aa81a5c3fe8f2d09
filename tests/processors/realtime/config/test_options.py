"""Options of a session: what reaches the service, and what is refused before."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import RealtimeSessionCreateRequest

from voxpipe.processors.realtime import (
    ConfigurationError,
    Connection,
    SemanticVad,
    ServerVad,
    Service,
    SessionRefused,
    Settings,
    open_session,
)
from voxpipe.processors.realtime.config import (
    NameWarning,
    NoiseReduction,
    Prompt,
    Retention,
    RetirementWarning,
    Tracing,
    Transcription,
)
from voxpipe.processors.realtime.connect import Address
from voxpipe.simulator import Script, ToneVoice, connect_in_memory, simulated

EVERYTHING = Settings(
    instructions="Be brief.",
    prompt=Prompt(id="pmpt_1", version="2", variables={"name": "Ada"}),
    tools=({"type": "function", "name": "book", "parameters": {}},),
    tool_choice="book",
    parallel_tool_calls=True,
    reasoning="high",
    max_output_tokens=1_000,
    turn_detection=ServerVad(idle_ms=6_000),
    noise_reduction=NoiseReduction(microphone="far_field", strength=0.5),
    transcription=Transcription(languages=("de", "en"), keywords=("Ada",), prompt="x"),
    voice="voice_123",
    speed=1.2,
    truncation=Retention(ratio=0.5, tokens=8_000),
    tracing=Tracing(workflow="calls", group="g", metadata={"a": "b"}),
    include=("item.input_audio_transcription.logprobs",),
)


def is_within(part: Any, whole: Any) -> bool:
    """Whether everything in ``part`` stands in ``whole``, at its place."""
    if not (isinstance(part, dict) and isinstance(whole, dict)):
        return bool(part == whole)
    asked, given = cast("dict[str, Any]", part), cast("dict[str, Any]", whole)
    return all(n in given and is_within(asked[n], given[n]) for n in asked)


class Overheard:
    """A connection, and what came over it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.send = connection.send
        self.events: list[dict[str, Any]] = []

    async def receive(self) -> str:
        message = await self._connection.receive()
        self.events.append(json.loads(message))
        return message


def test_every_field_that_the_sdk_knows_can_be_asked_for() -> None:
    asked = EVERYTHING.to_wire()
    understood = RealtimeSessionCreateRequest.model_validate(asked)
    assert set(RealtimeSessionCreateRequest.model_fields) - set(asked) == {"model"}
    # And all that was asked for, the SDK knows: nothing is an extra to its models.
    assert not understood.model_extra
    assert understood.audio is not None
    for part in (understood.audio.input, understood.audio.output):
        assert part is not None
        assert set(type(part).model_fields) == set(part.model_fields_set)
        assert not part.model_extra


async def test_every_field_comes_back_from_the_service() -> None:
    lines = list[Overheard]()

    @asynccontextmanager
    async def connect(address: Address) -> AsyncGenerator[Connection]:
        async with connect_in_memory(Script(), ToneVoice()) as connection:
            lines.append(Overheard(connection))
            yield lines[0]

    names = Settings.__dataclass_fields__.keys() - {"extra", "output", "audio"}
    options: dict[str, Any] = {name: getattr(EVERYTHING, name) for name in names}
    with pytest.warns(RetirementWarning, match="2026-11-30"):
        async with open_session(
            **options, service=Service(api_key="sk-test"), connect=connect
        ):
            pass
    created, updated = lines[0].events
    assert (created["type"], updated["type"]) == ("session.created", "session.updated")
    assert is_within(EVERYTHING.to_wire(), updated["session"])


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        (Settings, {"speed": 2}, "speed is a number from 0.25 to 1.5, not 2"),
        (Settings, {"speed": math.nan}, "speed is a number"),
        (Settings, {"max_output_tokens": 0}, "from 1 to 4096"),
        (Settings, {"max_output_tokens": True}, "not True"),
        (Settings, {"output": "video"}, "output is one of audio, text"),
        (Settings, {"reasoning": "hard"}, "one of none, minimal, low"),
        (Settings, {"noise_reduction": "none"}, "near_field, far_field"),
        (Settings, {"truncation": "never"}, "auto, disabled"),
        (
            Settings,
            {"model": "gpt-realtime-1.5", "reasoning": "low"},
            "reasoning= is for models that reason, such as gpt-realtime-2.1, not for",
        ),
        (
            Settings,
            {"model": "gpt-realtime", "parallel_tool_calls": True},
            "parallel_tool_calls= is for",
        ),
        (ServerVad, {"threshold": 1.1}, "from 0 to 1, not 1.1"),
        (ServerVad, {"idle_ms": 100}, "idle_ms is a whole number from 5000 to 30000"),
        (ServerVad, {"silence_ms": -1}, "silence_ms"),
        (SemanticVad, {"eagerness": "x"}, "low, medium, high, auto"),
        (NoiseReduction, {"strength": 3}, "from 0 to 1, not 3"),
        (Retention, {"ratio": -1}, "ratio"),
        (Retention, {"tokens": -1}, "tokens"),
        (
            Transcription,
            {"language": "de", "languages": ("de", "en")},
            "leave language= out",
        ),
        (
            Transcription,
            {"model": "whisper-1", "keywords": ("x",)},
            "keywords= of a transcription is for gpt-transcribe",
        ),
        (
            Transcription,
            {"delay": "low"},
            "delay= of a transcription is for gpt-realtime-whisper",
        ),
        (
            Transcription,
            {"model": "gpt-realtime-whisper", "prompt": "secret"},
            "takes no prompt",
        ),
    ],
)
def test_what_the_service_would_refuse_is_refused_before_it_is_asked(
    kind: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        kind(**options)
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


@given(st.floats(0, 1), st.floats(0.25, 1.5), st.integers(1, 4_096))
def test_all_of_a_range_is_taken(part: float, speed: float, tokens: int) -> None:
    settings = Settings(
        speed=speed,
        max_output_tokens=tokens,
        noise_reduction=NoiseReduction(strength=part),
        truncation=Retention(ratio=part),
        turn_detection=ServerVad(threshold=part),
    )
    RealtimeSessionCreateRequest.model_validate(settings.to_wire())


@pytest.mark.parametrize("model", ["gpt-realtime-3", "my-deployment"])
def test_a_model_that_is_not_known_is_taken_as_it_comes(model: str) -> None:
    written = Transcription(model=model, languages=("de",), prompt="x", delay="low")
    assert written.to_wire()["languages"] == ["de"]
    assert Settings(model=model, reasoning="low").to_wire()["reasoning"] == {
        "effort": "low"
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"model": "gpt-realtime"},
            " on 2027-01-20: gpt-realtime-2.1 takes",
        ),
        ({"transcription": "whisper-1"}, "2027-02-26: gpt-transcribe takes its place"),
        (
            {"transcription": Transcription(model="whisper-1")},
            "whisper-1 end(s|ed) on 2027-02-26",
        ),
    ],
)
async def test_what_will_be_switched_off_is_warned_about(
    options: dict[str, Any], words: str
) -> None:
    with pytest.warns(RetirementWarning, match=words) as told:
        async with open_session(**options, connect=simulated(Script())):
            pass
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"voice": "marinn"}, "the voice 'marinn' is not known here: did you mean 'ma"),
        ({"voice": "nova"}, "the voice 'nova' is not known here: known: alloy, ash"),
        (
            {"model": "gpt-realtime-9"},
            "the model 'gpt-realtime-9' is not known here: did you mean 'gpt-realtime",
        ),
    ],
)
async def test_a_name_that_is_not_known_is_warned_about_and_then_refused(
    options: dict[str, Any], words: str
) -> None:
    with (
        pytest.warns(NameWarning) as told,
        pytest.raises(SessionRefused, match=r"invalid_(value|model)"),
    ):
        async with open_session(**options, connect=simulated()):
            pass
    (warning,) = told
    assert str(warning.message).startswith(words)
    assert warning.filename == __file__


@pytest.mark.parametrize(
    "options",
    [
        {"voice": "cedar", "model": "gpt-realtime-2.1-mini"},
        {"voice": "voice_1234"},
        {
            "model": "ours",
            "voice": "cedar",
            "service": Service(base_url="https://ours.openai.azure.com/openai/v1"),
        },
    ],
)
async def test_names_that_are_known_or_somebodys_own_are_no_reason_to_warn(
    options: dict[str, Any],
) -> None:
    async with open_session(**options, connect=simulated()):
        pass


def test_little_of_an_option_is_little_on_the_wire() -> None:
    assert Retention().to_wire() == {"type": "retention_ratio", "retention_ratio": 0.8}
    assert Tracing().to_wire() == "auto"
    assert Prompt(id="p").to_wire() == {"id": "p"}
    wire = Settings(noise_reduction="near_field", transcription="gpt-transcribe")
    heard = wire.to_wire()["audio"]["input"]
    assert heard["noise_reduction"] == {"type": "near_field"}
    assert heard["transcription"] == {"model": "gpt-transcribe"}
