"""What a session is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from voxpipe.pipeline import AudioFormat, FormatError
from voxpipe.processors.realtime import (
    ConfigurationError,
    SemanticVad,
    ServerVad,
    Settings,
)
from voxpipe.processors.realtime.config.turn_detection import TurnDetection
from voxpipe.processors.tools import ToolRouter, tool


def wire(**settings: Any) -> Any:
    return Settings(**settings).to_wire()


def test_little_is_asked_for_by_default() -> None:
    assert wire() == {
        "type": "realtime",
        "output_modalities": ["audio"],
        "tools": [],
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                    "create_response": True,
                    "interrupt_response": True,
                },
                "transcription": {"model": "gpt-transcribe"},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}},
        },
    }


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        (AudioFormat("ulaw", 8_000), "audio/pcmu"),
        (AudioFormat("alaw", 8_000), "audio/pcma"),
    ],
)
def test_telephone_audio_goes_straight_through(
    format: AudioFormat, expected: str
) -> None:
    audio = wire(audio=format)["audio"]
    assert audio["input"]["format"] == {"type": expected}
    assert audio["output"]["format"] == {"type": expected}


@pytest.mark.parametrize(
    "format",
    [
        AudioFormat("pcm16", 16_000),
        AudioFormat("pcm16", 24_000, 2),
        AudioFormat("ulaw", 16_000),
    ],
)
def test_audio_that_the_service_does_not_speak_is_refused(format: AudioFormat) -> None:
    with pytest.raises(FormatError, match=r"put Resample\(24000\) in front"):
        wire(audio=format)


@pytest.mark.parametrize("turn_detection", ["local", "manual"])
def test_turns_that_are_made_here_switch_the_services_off(
    turn_detection: TurnDetection,
) -> None:
    assert (
        wire(turn_detection=turn_detection)["audio"]["input"]["turn_detection"] is None
    )


def test_turn_detection_is_set_in_every_detail() -> None:
    vad = ServerVad(threshold=0.7, prefix_padding_ms=100, silence_ms=900, replies=False)
    assert wire(turn_detection=vad)["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.7,
        "prefix_padding_ms": 100,
        "silence_duration_ms": 900,
        "create_response": False,
        "interrupt_response": True,
    }
    semantic = SemanticVad(eagerness="high", interrupts=False)
    assert wire(turn_detection=semantic)["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "high",
        "create_response": True,
        "interrupt_response": False,
    }
    assert wire(turn_detection="semantic")["audio"]["input"]["turn_detection"] == (
        SemanticVad().to_wire()
    )


def test_the_rest_is_said_when_it_is_wanted() -> None:
    session = wire(
        instructions="be kind",
        voice="cedar",
        output="text",
        transcription=None,
        tools=[{"type": "function", "name": "look"}],
    )
    assert session["instructions"] == "be kind"
    assert session["audio"]["output"]["voice"] == "cedar"
    assert session["output_modalities"] == ["text"]
    assert session["audio"]["input"]["transcription"] is None
    assert session["tools"] == [{"type": "function", "name": "look"}]


def test_extra_fields_stand_beside_or_instead_level_by_level() -> None:
    extra = {
        "reasoning": {"effort": "low"},
        "audio": {"input": {"noise_reduction": {"type": "near_field"}}},
    }
    session = wire(extra=extra)
    assert session["reasoning"] == {"effort": "low"}
    given = session["audio"]["input"]
    assert given["noise_reduction"] == {"type": "near_field"}
    assert given["format"] == {"type": "audio/pcm", "rate": 24_000}
    assert wire(extra={"tools": [1]})["tools"] == [1]


def test_misspelt_settings_are_refused() -> None:
    expected = "server, semantic, local, manual, a ServerVad or a SemanticVad"
    with pytest.raises(ConfigurationError, match=f"{expected}, not 'sever'"):
        Settings(turn_detection="sever")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(
        ConfigurationError, match="output is one of audio, text, not 'both'"
    ):
        Settings(output="both")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_tools_that_the_service_cannot_be_told_of_are_refused_with_the_cure() -> None:
    @tool
    async def hours() -> str:
        """Tell when it is open."""
        return "six"

    router = ToolRouter([hours])
    wrong: tuple[Any, ...] = ([hours], router, router.schemas[0], "hours", 7)
    for tools in wrong:
        with pytest.raises(ConfigurationError, match=r"tools\.schemas"):
            Settings(tools=tools)
    assert Settings(tools=router.schemas).declares_tools


def test_instructions_stay_out_of_the_repr() -> None:
    shown = repr(Settings(instructions="secret", extra={"prompt": "secret"}))
    assert "secret" not in shown


def test_it_knows_whether_there_is_something_to_call() -> None:
    assert not Settings().declares_tools
    assert Settings(tools=[{}]).declares_tools
    assert Settings(extra={"tools": [{}]}).declares_tools
