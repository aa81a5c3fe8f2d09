"""A transcription without the network, with a service that says anything at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame, SpeechStarted, SpeechStopped, Transcript
from voxpipe.processors.realtime.config.settings import PCM_24K, Settings
from voxpipe.processors.realtime.events.parse import TRANSCRIPTION
from voxpipe.processors.realtime.transcription.protocol import TranscriptionProtocol

KINDS = [
    "error",
    "session.updated",
    "conversation.item.added",
    "conversation.item.done",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    f"{TRANSCRIPTION}.delta",
    f"{TRANSCRIPTION}.completed",
    f"{TRANSCRIPTION}.failed",
    f"{TRANSCRIPTION}.segment",
    "something.new",
]
junk: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.integers(), st.text(max_size=5), st.just({}), st.just([1])
)
second = AudioFrame(data=bytes(PCM_24K.bytes_in(1)), format=PCM_24K)


def dictation(**settings: Any) -> TranscriptionProtocol:
    return TranscriptionProtocol(Settings(**settings), "")


def told(state: TranscriptionProtocol) -> list[Transcript]:
    return [frame for _, frame in state.outbox.frames if isinstance(frame, Transcript)]


def orders(state: TranscriptionProtocol) -> list[str]:
    sent = state.outbox.messages
    return [each["type"] for each in sent if isinstance(each, dict)]


@st.composite
def messages(draw: st.DrawFn) -> str:
    """What a service may send, in its right mind or not."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.text(max_size=10))
    event: dict[str, Any] = {"type": draw(st.sampled_from(KINDS))}
    names = st.sampled_from(["a", "b"])
    for name in ("event_id", "item_id", "previous_item_id"):
        if draw(st.booleans()):
            event[name] = draw(names | junk)
    for name in ("delta", "transcript", "usage", "item", "error", "audio_start_ms"):
        if draw(st.booleans()):
            event[name] = draw(junk)
    return json.dumps(event)


@given(st.lists(messages(), max_size=40), st.sampled_from(["server", "manual"]))
def test_it_survives_whatever_the_service_says(
    said: list[str], turn_detection: str
) -> None:
    state = dictation(turn_detection=turn_detection)
    for message in said:
        state.hear(second, 0.0)
        state.receive(message, 0.0)
    state.hang_up(0.0)
    finals = [each.item_id for each in told(state) if each.final]
    assert len(finals) == len(set(finals))  # each turn ends once


@pytest.mark.parametrize("crossed", [True, False])
def test_the_last_turn_is_waited_for_until_it_is_written_down(crossed: bool) -> None:
    state = dictation(turn_detection="manual")
    state.hear(second, 0.0)
    state.hang_up(0.0)
    assert orders(state) == ["input_audio_buffer.commit"]
    assert not state.is_idle(0.0)
    if crossed:  # the service had it committed already
        error = {"code": "input_audio_buffer_commit_empty"}
        state.receive(json.dumps({"type": "error", "error": error}), 0.0)
        assert state.is_idle(0.0)
        return
    committed = {"type": "input_audio_buffer.committed", "item_id": "a"}
    state.receive(json.dumps(committed), 0.0)
    assert not state.is_idle(0.0)
    done = {"type": f"{TRANSCRIPTION}.completed", "item_id": "a", "transcript": "hi"}
    state.receive(json.dumps(done), 0.5)
    assert state.is_idle(0.5)
    assert [each.text for each in told(state)] == ["hi"]


def test_marks_of_a_vad_count_only_where_turns_are_local() -> None:
    for turn_detection, ordered in (
        ("local", ["input_audio_buffer.commit"]),
        ("server", []),
    ):
        state = dictation(turn_detection=turn_detection)
        state.mark(SpeechStarted(at=0.0), 0.0)
        state.hear(second, 0.0)
        state.mark(SpeechStopped(at=0.9), 0.0)
        assert orders(state) == ordered


def test_silence_is_sent_so_that_the_service_finds_the_end() -> None:
    state = dictation(turn_detection="server")
    state.hear(second, 0.0)
    state.hang_up(0.0)
    silence = state.outbox.messages[-1]
    assert isinstance(silence, AudioFrame)
    assert silence.duration > 0.5  # what ends a turn
    assert orders(state) == []


def test_an_event_that_comes_twice_counts_once() -> None:
    state = dictation()
    kind = f"{TRANSCRIPTION}.delta"
    event = {"type": kind, "event_id": "e", "item_id": "a", "delta": "hi"}
    for _ in range(2):
        state.receive(json.dumps(event), 0.0)
    assert [each.text for each in told(state)] == ["hi"]
