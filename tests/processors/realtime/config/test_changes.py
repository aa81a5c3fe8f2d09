"""What of a running session can be changed, and what is refused before it is sent."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import RealtimeSessionCreateRequest

from voxpipe.processors.realtime import (
    ConfigurationError,
    SemanticVad,
    ServerVad,
    Service,
    Settings,
)
from voxpipe.processors.realtime.config import (
    Changes,
    NoiseReduction,
    Prompt,
    Retention,
    Tracing,
    Transcription,
)
from voxpipe.processors.realtime.config.changes import (
    OF_SERVICE,
    Moment,
    changed,
    settings_of,
    wire_of,
)
from voxpipe.processors.realtime.hosted_mcp import HostedMcp

QUIET = Moment()
EVERYTHING: Changes = {
    "instructions": "Be brief.",
    "prompt": Prompt(id="pmpt_1"),
    "tools": [{"type": "function", "name": "book", "parameters": {}}],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "reasoning": "high",
    "max_output_tokens": "inf",
    "turn_detection": SemanticVad(eagerness="low"),
    "noise_reduction": "far_field",
    "transcription": Transcription(language="de"),
    "voice": "cedar",
    "speed": 1.5,
    "output": "text",
    "truncation": Retention(ratio=0.5),
    "tracing": Tracing(),
    "include": ["item.input_audio_transcription.logprobs"],
    "mcp": [HostedMcp(label="shop", url="https://shop.example/mcp")],
    "extra": {"audio": {"input": {"noise_reduction": {"strength": 0.5}}}},
}


def wire(before: Settings | None = None, /, **changes: Any) -> dict[str, Any]:
    return wire_of(before or Settings(), cast("Changes", changes), QUIET)


def test_only_what_changes_is_sent() -> None:
    assert wire(instructions="") == {"type": "realtime", "instructions": ""}
    assert wire(tools=()) == {"type": "realtime", "tools": []}
    assert wire(speed=1.25)["audio"] == {"output": {"speed": 1.25}}


def test_every_field_of_an_opening_can_be_changed_but_the_model_and_the_format() -> (
    None
):
    assert set(EVERYTHING) == set(Changes.__annotations__)
    fixed = Settings.__dataclass_fields__.keys() - set(EVERYTHING)
    assert fixed == {"model", "audio", "call_id"}
    asked = wire_of(Settings(), EVERYTHING, QUIET)
    understood = RealtimeSessionCreateRequest.model_validate(asked)
    assert set(asked) == set(RealtimeSessionCreateRequest.model_fields) - {"model"}
    assert not understood.model_extra


@pytest.mark.parametrize("name", ["noise_reduction", "transcription", "prompt"])
def test_none_switches_off(name: str) -> None:
    sent = json.dumps(wire(**{name: None}))
    assert f'"{name}": null' in sent


def test_turns_of_the_program_switch_the_services_off() -> None:
    assert wire(turn_detection="manual")["audio"] == {"input": {"turn_detection": None}}
    assert wire(turn_detection="server")["audio"]["input"]["turn_detection"] == (
        ServerVad().to_wire()
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "gpt-realtime-2"}, "model of a session never changes"),
        ({"extra": {"model": "gpt-realtime-2"}}, "model of a session never changes"),
        ({"audio": None}, "one audio format: open another session"),
        (
            {"extra": {"audio": {"output": {"format": {"type": "audio/pcmu"}}}}},
            "one audio format: open another session",
        ),
        ({"extra": {"type": "transcription"}}, "type of a session never changes"),
        ({"turn_detection": "local"}, "nothing in the pipeline marks speech"),
        ({"voice": None}, "voice cannot be switched off: leave it out"),
        ({"instructions": None}, "instructions cannot be switched off"),
        ({"speed": 2.0}, "from 0.25 to 1.5, not 2"),
        ({"output": "both"}, "output is one of audio, text"),
        ({"turn_detection": "sever"}, "turn_detection is server"),
    ],
)
def test_what_never_changes_is_refused_with_the_reason(
    changes: Any, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        wire(**changes)


@pytest.mark.parametrize(
    "voice", [{"voice": "ash"}, {"extra": {"audio": {"output": {"voice": "ash"}}}}]
)
def test_the_voice_is_fixed_once_it_was_heard(voice: Any) -> None:
    assert wire(**voice)["audio"]["output"]["voice"] == "ash"
    with pytest.raises(ConfigurationError, match="once the model has spoken"):
        wire_of(Settings(), voice, Moment(spoken=True))


def test_the_speed_changes_between_replies_only() -> None:
    with pytest.raises(ConfigurationError, match=r"await its outcome\(\) first"):
        wire_of(Settings(), {"speed": 1.0}, Moment(spoken=True, replying=True))


@pytest.mark.parametrize(
    "before",
    [
        Settings(tracing=Tracing(workflow="calls")),
        Settings(extra={"tracing": {"workflow_name": "calls"}}),
    ],
)
def test_tracing_is_fixed_once_it_is_set(before: Settings) -> None:
    assert wire(before, tracing=Tracing(workflow="calls"))
    with pytest.raises(ConfigurationError, match="tracing is fixed"):
        wire(before, tracing=Tracing(workflow="others"))
    with pytest.raises(ConfigurationError, match="tracing is fixed"):
        wire(before, extra={"tracing": None})


def test_a_field_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(TypeError, match=r"no field temperature: expected one of ext"):
        wire(temperature=1)
    assert wire(extra={"temperature": 1})["temperature"] == 1


def test_what_is_nearly_a_field_and_what_is_of_the_service_are_told_where_they_go() -> (
    None
):
    with pytest.raises(TypeError, match=r"did you mean instructions=\?"):
        settings_of(cast("Any", {"instruction": "Be brief."}))
    assert {each.name for each in fields(Service)} == OF_SERVICE
    for name in OF_SERVICE:
        with pytest.raises(TypeError, match=rf"service=Service\({name}=…\)"):
            settings_of(cast("Any", {name: "x"}))


def test_a_model_that_does_not_reason_is_not_asked_to() -> None:
    with pytest.raises(ConfigurationError, match=r"not for gpt-realtime-1\.5"):
        wire(Settings(model="gpt-realtime-1.5"), reasoning="low")


def test_local_turns_can_be_left_and_come_back_to() -> None:
    left = changed(Settings(turn_detection="local"), {"turn_detection": "server"})
    sent = wire_of(left, {"turn_detection": "local"}, Moment(marked=True))
    assert sent["audio"] == {"input": {"turn_detection": None}}


def test_what_was_passed_beside_the_fields_adds_up() -> None:
    before = Settings(extra={"a": {"b": 1}})
    after = changed(before, {"extra": {"a": {"c": 2}}, "speed": 1.1})
    assert after.extra == {"a": {"b": 1, "c": 2}}
    assert after.speed == 1.1


NUMBERS = st.one_of(st.floats(), st.integers(-10_000, 10_000))


def is_within(number: float, lowest: float, highest: float, kind: type) -> bool:
    """Whether the service would take it."""
    return (kind is float or isinstance(number, int)) and lowest <= number <= highest


@given(NUMBERS)
def test_a_number_is_sent_or_refused_before(number: float) -> None:
    """What passes here is within the service's ranges, whatever was asked for."""
    made: list[tuple[Any, str, float, float, type]] = [
        (wire, "speed", 0.25, 1.5, float),
        (wire, "max_output_tokens", 1, 4_096, int),
        (ServerVad, "threshold", 0, 1, float),
        (ServerVad, "idle_ms", 5_000, 30_000, int),
        (ServerVad, "silence_ms", 0, 3_600_000, int),
        (NoiseReduction, "strength", 0, 1, float),
        (Retention, "ratio", 0, 1, float),
        (Retention, "tokens", 0, 2**20, int),
    ]
    for make, name, lowest, highest, kind in made:
        if is_within(number, lowest, highest, kind):
            make(**{name: number})
        else:
            with pytest.raises(ConfigurationError, match=r"is a (whole )?number from"):
                make(**{name: number})
