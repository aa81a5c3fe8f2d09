"""Statements 2, 15, 16, 30 to 38 and 81: the configuration of a session."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from .bench import BIRTHDAY, Bench, Json, types


def test_02_nothing_but_the_session_is_announced_at_the_start() -> None:
    bench = Bench()
    assert types(bench.events) == ["session.created"]
    assert bench.run(10) == []


def test_15_a_session_ends_with_an_error_and_1001() -> None:
    bench = Bench(lifetime=3600)
    assert bench.run(3599.9) == []
    (event,) = bench.run(0.2)
    message = "Your session hit the maximum duration of 60 minutes."
    assert event["error"]["code"] == "session_expired"
    assert event["error"]["message"] == message
    assert bench.machine.close_frame == (1001, message)
    assert bench.send("response.create") == []
    assert bench.machine.next_timer == inf


def test_16_a_session_expires_after_an_hour() -> None:
    assert Bench().session["expires_at"] == BIRTHDAY + 3600


def test_30_the_default_session_is_the_live_one() -> None:
    session = Bench(model="gpt-realtime").session
    id, instructions = session.pop("id"), session.pop("instructions")
    assert id.startswith("sess_")
    assert instructions.startswith("Your knowledge cutoff is 2023-10.")
    assert session == {
        "type": "realtime",
        "object": "realtime.session",
        "model": "gpt-realtime",
        "output_modalities": ["audio"],
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "expires_at": BIRTHDAY + 3600,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 200,
                    "idle_timeout_ms": None,
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "voice": "alloy",
                "speed": 1.0,
            },
        },
        "include": None,
    }


def test_31_an_update_shows_the_whole_session_and_changes_nothing_else() -> None:
    bench = Bench()
    updated = bench.update(
        instructions="Be brief.",
        audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.9}}},
    )
    expected: Json = bench.session | {"instructions": "Be brief."}
    expected["audio"]["input"]["turn_detection"]["threshold"] = 0.9
    assert updated == expected


def test_32_empty_values_clear() -> None:
    bench = Bench()
    bench.update(
        tools=[{"type": "function", "name": "f"}],
        audio={
            "input": {
                "noise_reduction": {"type": "near_field"},
                "transcription": {"model": "whisper-1"},
            }
        },
    )
    updated = bench.update(
        instructions="",
        tools=[],
        audio={
            "input": {
                "turn_detection": None,
                "noise_reduction": None,
                "transcription": None,
            }
        },
    )
    assert (updated["instructions"], updated["tools"]) == ("", [])
    assert updated["audio"]["input"] == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "turn_detection": None,
        "noise_reduction": None,
        "transcription": None,
    }


def test_33_noise_reduction_keeps_its_strength() -> None:
    bench = Bench()

    def updated(**noise_reduction: Any) -> Any:
        session = bench.update_input(noise_reduction=noise_reduction)
        return session["audio"]["input"]["noise_reduction"]

    assert updated(type="near_field") == {"type": "near_field", "strength": 1}
    assert updated(type="near_field", strength=0.5)["strength"] == 0.5
    assert updated(type="far_field") == {"type": "far_field", "strength": 0.5}


def test_34_the_model_cannot_be_changed() -> None:
    bench = Bench()
    assert bench.update(model="gpt-realtime-2.1") == bench.session
    session = {"type": "realtime", "model": "gpt-realtime", "instructions": "x"}
    assert bench.refused("session.update", session=session)["param"] == "session.model"
    assert bench.update() == bench.session


def test_35_text_and_audio_together_are_refused() -> None:
    session = {"type": "realtime", "output_modalities": ["text", "audio"]}
    error = Bench().refused("session.update", session=session)
    assert error["param"] == "session.output_modalities"


def test_36_a_transcription_session_has_only_what_it_needs() -> None:
    session = Bench(kind="transcription", model="").session
    assert session["type"] == "transcription"
    assert session["object"] == "realtime.transcription_session"
    assert set(session) == {"type", "object", "id", "expires_at", "audio", "include"}
    assert set(session["audio"]) == {"input"}
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
    }


def test_37_a_transcription_model_is_shown_with_language_and_prompt() -> None:
    bench = Bench(kind="transcription", model="")
    updated = bench.update(
        type="transcription",
        audio={"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}},
    )
    assert updated["audio"]["input"]["transcription"] == {
        "model": "gpt-4o-mini-transcribe",
        "language": None,
        "prompt": None,
    }
    detection = updated["audio"]["input"]["turn_detection"]
    assert len(detection) == 4


def test_37_a_model_that_cuts_by_itself_has_no_vad_beside_it() -> None:
    bench = Bench(kind="transcription", model="")
    input: Json = {"transcription": {"model": "gpt-realtime-whisper"}}
    updated = bench.update(type="transcription", audio={"input": input})
    assert updated["audio"]["input"]["turn_detection"] is None
    input["turn_detection"] = {"type": "server_vad"}
    session = {"type": "transcription", "audio": {"input": input}}
    error = bench.refused("session.update", session=session)
    assert error["param"] == "session.audio.input.turn_detection"


@pytest.mark.parametrize(
    "field",
    [
        "modalities",
        "input_audio_format",
        "output_audio_format",
        "input_audio_transcription",
        "voice",
        "turn_detection",
        "temperature",
        "max_response_output_tokens",
    ],
)
def test_38_beta_fields_are_unknown(field: str) -> None:
    error = Bench().refused("session.update", session={"type": "realtime", field: None})
    assert (error["code"], error["param"]) == ("unknown_parameter", f"session.{field}")


def test_38_beta_events_are_unknown() -> None:
    error = Bench().refused("transcription_session.update", session={})
    assert (error["code"], error["param"]) == ("invalid_value", "type")


@pytest.mark.parametrize(
    ("timeout", "code"),
    [(4999, "integer_below_min_value"), (30_001, "integer_above_max_value")],
)
def test_81_the_idle_timeout_has_bounds(timeout: int, code: str) -> None:
    detection = {"type": "server_vad", "idle_timeout_ms": timeout}
    audio = {"input": {"turn_detection": detection}}
    error = Bench().refused(
        "session.update", session={"type": "realtime", "audio": audio}
    )
    assert error["code"] == code
    assert error["param"] == "session.audio.input.turn_detection.idle_timeout_ms"


def test_81_semantic_vad_has_no_idle_timeout() -> None:
    detection = {"type": "semantic_vad", "idle_timeout_ms": 6000}
    audio = {"input": {"turn_detection": detection}}
    error = Bench().refused(
        "session.update", session={"type": "realtime", "audio": audio}
    )
    assert error["code"] == "unknown_parameter"


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({}, "missing_required_parameter", "session.type"),
        ({"type": "transcription"}, "invalid_value", "session.type"),
        (
            {"type": "realtime", "audio": {"output": {"speed": 2}}},
            "decimal_above_max_value",
            "session.audio.output.speed",
        ),
        (
            {"type": "realtime", "max_output_tokens": 0},
            "integer_below_min_value",
            "session.max_output_tokens",
        ),
        (
            {"type": "realtime", "audio": {"output": {"voice": 5}}},
            "invalid_type",
            "session.audio.output.voice",
        ),
        (
            {"type": "realtime", "audio": {"output": {"speed": "fast"}}},
            "invalid_type",
            "session.audio.output.speed",
        ),
        (
            {"type": "realtime", "max_output_tokens": True},
            "invalid_type",
            "session.max_output_tokens",
        ),
        (
            {"type": "realtime", "parallel_tool_calls": 1},
            "invalid_type",
            "session.parallel_tool_calls",
        ),
        (
            {"type": "realtime", "tool_choice": {"type": []}},
            "invalid_type",
            "session.tool_choice.type",
        ),
        (
            {"type": "realtime", "output_modalities": ["text"] * 17},
            "array_above_max_length",
            "session.output_modalities",
        ),
        (
            {"type": "realtime", "tools": [{"type": "function", "name": "a b"}]},
            "invalid_value",
            "session.tools[0].name",
        ),
        (
            {
                "type": "realtime",
                "audio": {"input": {"noise_reduction": {"strength": 0.5}}},
            },
            "missing_required_parameter",
            "session.audio.input.noise_reduction.type",
        ),
        (
            {
                "type": "realtime",
                "audio": {"input": {"transcription": {"language": "en"}}},
            },
            "missing_required_parameter",
            "session.audio.input.transcription.model",
        ),
        (
            {"type": "realtime", "instructions": 5},
            "invalid_type",
            "session.instructions",
        ),
        ({"type": "realtime", "tools": {}}, "invalid_type", "session.tools"),
        (
            {"type": "realtime", "tools": [{"type": "mcp", "server_label": "x"}]},
            "missing_required_parameter",
            "session.tools[0].server_url",
        ),
        (
            {"type": "realtime", "tools": [{"type": "function"}]},
            "missing_required_parameter",
            "session.tools[0].name",
        ),
        (
            {
                "type": "realtime",
                "audio": {
                    "input": {
                        "transcription": {
                            "model": "gpt-transcribe",
                            "language": "en",
                            "languages": ["de"],
                        }
                    }
                },
            },
            "invalid_value",
            "session.audio.input.transcription.languages",
        ),
    ],
)
def test_each_wrong_field_is_refused_by_its_path(
    session: dict[str, Any], code: str, param: str
) -> None:
    error = Bench().refused("session.update", session=session)
    assert (error["code"], error["param"]) == (code, param)


def test_speed_cannot_change_while_a_response_runs() -> None:
    bench = Bench()
    bench.send("response.create")
    session = {"type": "realtime", "audio": {"output": {"speed": 1.2}}}
    error = bench.refused("session.update", session=session)
    assert error["param"] == "session.audio.output.speed"
    bench.run()
    assert (
        bench.update(audio={"output": {"speed": 1.2}})["audio"]["output"]["speed"]
        == 1.2
    )


def test_tracing_cannot_change_once_it_is_on() -> None:
    bench = Bench()
    bench.update(tracing="auto")
    session = {"type": "realtime", "tracing": None}
    assert (
        bench.refused("session.update", session=session)["param"] == "session.tracing"
    )


def test_reasoning_is_for_reasoning_models() -> None:
    session = {"type": "realtime", "reasoning": {"effort": "high"}}
    error = Bench(model="gpt-realtime").refused("session.update", session=session)
    assert error["param"] == "session.reasoning"
    bench = Bench(model="gpt-realtime-2.1")
    for effort in ("high", "none"):
        asked = {"effort": effort}
        assert bench.update(reasoning=asked)["reasoning"] == asked


def test_switching_to_semantic_vad_and_back_brings_its_defaults() -> None:
    bench = Bench()
    semantic = bench.update_input(turn_detection={"type": "semantic_vad"})
    assert semantic["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }
    assert bench.update_input(turn_detection={"type": "server_vad"}) == bench.session
