"""Statements 69 to 82: the input audio buffer and voice activity detection."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.simulator import Line, Script
from voxpipe.simulator.audio.g711 import encode
from voxpipe.simulator.voices.espeak import EspeakVoice

from .bench import Bench, Json, hum, silence, types

CHAIN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
]
UTTERANCE = silence(1000) + hum(1200) + silence(600)


def spoken(
    bench: Bench, audio: bytes = UTTERANCE, chunk_ms: int = 20
) -> dict[str, Any]:
    """The speech events of some audio, by the end of their names."""
    found: dict[str, Any] = {}
    for event in bench.append(audio, chunk_ms):
        found.setdefault(event["type"].rpartition(".")[2], event)
    return found


def test_69_an_append_is_not_acknowledged() -> None:
    assert Bench().append(silence(2000)) == []


def test_69_more_than_15_mib_in_one_event_is_refused() -> None:
    bench = Bench()
    bench.update_input(turn_detection=None)
    most = 15 * 1024 * 1024
    assert bench.append(bytes(most), chunk_ms=600_000) == []
    audio = base64.b64encode(bytes(most + 2)).decode()
    assert bench.refused("input_audio_buffer.append", audio=audio)["param"] == "audio"


def test_70_speech_goes_through_the_whole_chain_with_one_item_id() -> None:
    events = Bench().append(UTTERANCE)
    assert types(events) == CHAIN
    ids = [e.get("item_id") or e["item"]["id"] for e in events[:5]]
    assert len(set(ids)) == 1
    assert events[2]["previous_item_id"] is None


def test_70_the_second_utterance_follows_the_first_answer() -> None:
    bench = Bench()
    bench.append(UTTERANCE)
    done = next(e for e in bench.run() if e["type"] == "response.done")
    events = bench.append(UTTERANCE)
    assert events[2]["previous_item_id"] == done["response"]["output"][0]["id"]


@pytest.mark.parametrize("padding", [0, 100, 300, 5000])
def test_71_positions_lie_on_the_grid_of_32_ms(padding: int) -> None:
    bench = Bench()
    detection = {"type": "server_vad", "prefix_padding_ms": padding}
    bench.update_input(turn_detection=detection)
    found = spoken(bench)
    start = found["speech_started"]["audio_start_ms"]
    assert start == max(0, 992 - padding)  # speech begins in the 32nd frame
    assert found["speech_stopped"]["audio_end_ms"] % 32 == 0


def test_72_positions_do_not_depend_on_how_fast_or_in_what_pieces_audio_comes() -> None:
    def positions(chunk_ms: int, pause: float) -> list[int]:
        bench = Bench()
        found: list[int] = []
        for start in range(0, len(UTTERANCE), chunk_ms * 48):
            for event in bench.append(
                UTTERANCE[start : start + chunk_ms * 48], chunk_ms
            ):
                found += [v for k, v in event.items() if k.endswith("_ms")]
            bench.now += pause
        return found

    once = positions(20, 0.02)
    assert len(once) == 2
    for chunk_ms, pause in ((20, 0.002), (20, 0.0), (7, 0.0), (1, 0.0), (3000, 0.0)):
        assert positions(chunk_ms, pause) == once


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=60))
def test_72_no_way_of_splitting_changes_what_is_heard(sizes: list[int]) -> None:
    def heard(pieces: list[bytes]) -> list[tuple[Any, ...]]:
        bench = Bench()
        bench.update_input(
            turn_detection={"type": "server_vad", "create_response": False}
        )
        events: list[Json] = []
        for piece in pieces:
            audio = base64.b64encode(piece).decode()
            events += bench.send("input_audio_buffer.append", audio=audio)
        committed = next(e for e in events if e["type"].endswith("committed"))
        (event,) = bench.send(
            "conversation.item.retrieve", item_id=committed["item_id"]
        )
        audio = event["item"]["content"][0]["audio"]
        places = [(e.get("audio_start_ms"), e.get("audio_end_ms")) for e in events]
        return [*zip(types(events), places, strict=True), (audio,)]

    pieces: list[bytes] = []
    at = turn = 0
    while at < len(UTTERANCE):
        # Samples, not milliseconds; a piece may be empty, or end inside a frame.
        size = (sizes[turn % len(sizes)] * 7 + (turn % 2)) * 2
        pieces.append(UTTERANCE[at : at + size])
        at, turn = at + size, turn + 1
    assert heard(pieces) == heard([UTTERANCE])


@pytest.mark.parametrize("duration", [200, 500])
def test_73_the_end_includes_the_silence(duration: int) -> None:
    bench = Bench()
    detection = {"type": "server_vad", "silence_duration_ms": duration}
    bench.update_input(turn_detection=detection)
    end = spoken(bench)["speech_stopped"]["audio_end_ms"]
    assert 2200 + duration <= end <= 2200 + duration + 64


def test_74_padding_may_overlap_what_was_committed() -> None:
    bench = Bench()
    first = spoken(bench, silence(500) + hum(800) + silence(250))
    second = spoken(bench, hum(800) + silence(400))
    end = first["speech_stopped"]["audio_end_ms"]
    assert second["speech_started"]["audio_start_ms"] < end
    item_id = second["committed"]["item_id"]
    (event,) = bench.send("conversation.item.retrieve", item_id=item_id)
    audio = base64.b64decode(event["item"]["content"][0]["audio"])
    length = second["speech_stopped"]["audio_end_ms"]
    length -= second["speech_started"]["audio_start_ms"]
    assert len(audio) == length * 48


def test_75_without_turn_detection_the_client_takes_the_turns() -> None:
    bench = Bench()
    bench.update_input(turn_detection=None)
    assert bench.append(UTTERANCE) == []
    assert types(bench.send("input_audio_buffer.commit")) == CHAIN[2:5]
    assert bench.run() == []
    assert bench.respond()[-2]["response"]["status"] == "completed"


def test_76_without_create_response_the_chain_ends_with_the_item() -> None:
    bench = Bench()
    detection = {"type": "server_vad", "create_response": False}
    bench.update_input(turn_detection=detection)
    assert types(bench.append(UTTERANCE)) == CHAIN[:5]
    assert bench.run() == []


def test_77_with_both_off_a_running_response_goes_on() -> None:
    bench = Bench(Script(replies=(Line(say="A rather long sentence."),)))
    detection = {
        "type": "server_vad",
        "create_response": False,
        "interrupt_response": False,
    }
    bench.update_input(turn_detection=detection)
    bench.send("response.create")
    bench.until("response.output_audio.delta")
    assert types(bench.append(UTTERANCE)) == CHAIN[:5]
    done = [e for e in bench.run() if e["type"] == "response.done"]
    assert [event["response"]["status"] for event in done] == ["completed"]


def test_77_a_turn_that_cannot_be_answered_is_an_error_that_blames_nobody() -> None:
    bench = Bench(Script(replies=(Line(say="A rather long sentence."),)))
    bench.update_input(
        turn_detection={"type": "server_vad", "interrupt_response": False}
    )
    bench.send("response.create")
    events = bench.append(UTTERANCE)
    assert types(events) == [*CHAIN[:5], "error"]
    error = events[-1]["error"]
    assert error["code"] == "conversation_already_has_active_response"
    assert error["event_id"] is None


def test_78_a_commit_during_speech_takes_what_there_is() -> None:
    bench = Bench()
    found = spoken(bench, silence(500) + hum(600))
    events = bench.send("input_audio_buffer.commit")
    assert types(events) == CHAIN[2:5]
    assert events[0]["item_id"] == found["speech_started"]["item_id"]
    assert bench.append(silence(1000)) == []


def test_79_clear_empties_the_buffer() -> None:
    bench = Bench()
    spoken(bench, silence(500) + hum(600))
    assert types(bench.send("input_audio_buffer.clear")) == [
        "input_audio_buffer.cleared"
    ]
    error = bench.refused("input_audio_buffer.commit")
    assert error["code"] == "input_audio_buffer_commit_empty"
    assert bench.append(silence(1000)) == []


def idle(**detection: Any) -> Bench:
    bench = Bench(Script(replies=(Line(say="Good evening."), Line(say="Hello?"))))
    settings = {"type": "server_vad", "idle_timeout_ms": 5000} | detection
    bench.update_input(turn_detection=settings)
    return bench


def test_80_silence_after_a_reply_is_answered() -> None:
    bench = idle()
    bench.append(silence(10_000))  # before any reply there is nothing to wait for
    bench.respond()
    output = bench.events[-2]["response"]["usage"]["output_token_details"]
    events = bench.append(silence(5000 + output["audio_tokens"] * 50 + 100))
    assert types(events) == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    triggered = events[0]
    assert triggered["item_id"] == events[1]["item_id"]
    waited = triggered["audio_end_ms"] - triggered["audio_start_ms"]
    assert 5000 <= waited <= 5032
    assert triggered["audio_start_ms"] == pytest.approx(
        10_000 + output["audio_tokens"] * 50, abs=50
    )
    bench.run()
    assert types(bench.append(silence(20_000))).count(triggered["type"]) == 1


def test_80_speech_disarms_the_idle_timeout() -> None:
    bench = idle(create_response=False)
    bench.respond()
    bench.append(silence(2000) + hum(600) + silence(300))
    assert bench.append(silence(20_000)) == []


def test_80_an_interrupting_caller_is_not_idle() -> None:
    bench = idle(create_response=False)
    bench.send("response.create")
    bench.until("response.output_audio.delta")
    bench.append(hum(600) + silence(300))
    assert bench.append(silence(20_000)) == []


def test_82_semantic_vad_waits_longer_after_speech_that_trails_off() -> None:
    def end(audio: bytes, eagerness: str) -> int:
        bench = Bench()
        detection = {"type": "semantic_vad", "eagerness": eagerness}
        bench.update_input(turn_detection=detection)
        found = spoken(bench, silence(500) + audio + silence(9000), chunk_ms=100)
        stopped: Json = found["speech_stopped"]
        ms: int = stopped["audio_end_ms"]
        return ms - 2100

    clear = hum(1600)
    fade = np.linspace(1, 0.08, len(clear) // 2) ** 2
    trailing = (np.frombuffer(clear, "<i2") * fade).astype("<i2").tobytes()
    longest = {"low": 8000, "medium": 4000, "high": 2000, "auto": 4000}
    for eagerness, most in longest.items():
        assert end(clear, eagerness) < most / 3
        assert most * 0.8 <= end(trailing, eagerness) <= most + 64


@pytest.mark.parametrize(
    "words",
    ["Are you open on Sunday evening?", "Yes.", "What is there to eat tonight?"],
)
def test_synthetic_speech_is_one_utterance(words: str) -> None:
    spoken = EspeakVoice().speak(words, "ash", 1.0)
    bench = Bench()
    assert types(bench.append(silence(700) + spoken + silence(700))) == CHAIN


def test_a_click_is_no_speech() -> None:
    assert Bench().append(silence(500) + hum(10) + silence(500)) == []


def test_steady_noise_is_no_speech() -> None:
    noise = np.random.default_rng(1).normal(0, 150, 24_000 * 5)  # -47 dBFS
    bench = Bench()
    assert bench.append(noise.astype("<i2").tobytes()) == []
    speech = np.frombuffer(hum(600), "<i2") + noise[: 24 * 600]
    audio = speech.astype("<i2").tobytes() + noise[: 24 * 600].astype("<i2").tobytes()
    assert types(bench.append(audio)) == CHAIN


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_telephone_audio_is_heard_as_well(law: str) -> None:
    bench = Bench()
    bench.update_input(format={"type": "audio/pcmu" if law == "ulaw" else "audio/pcma"})
    narrow = np.frombuffer(UTTERANCE, "<i2")[::3]
    audio = encode(narrow, law)
    events: list[Json] = []
    for start in range(0, len(audio), 160):
        chunk = base64.b64encode(audio[start : start + 160]).decode()
        events += bench.send("input_audio_buffer.append", audio=chunk)
    assert types(events) == CHAIN
    assert events[0]["audio_start_ms"] == 692
    item_id = events[2]["item_id"]
    (event,) = bench.send("conversation.item.retrieve", item_id=item_id)
    kept = base64.b64decode(event["item"]["content"][0]["audio"])
    assert kept == audio[692 * 8 : events[1]["audio_end_ms"] * 8]


def test_positions_go_on_when_the_format_changes() -> None:
    bench = Bench()
    bench.append(silence(1010))
    bench.update_input(format={"type": "audio/pcmu"})
    audio = encode(np.frombuffer(UTTERANCE, "<i2")[::3], "ulaw")
    events = bench.send(
        "input_audio_buffer.append", audio=base64.b64encode(audio).decode()
    )
    assert events[0]["audio_start_ms"] == 1024 + 692


def test_odd_bytes_are_refused_and_the_stream_stays_whole() -> None:
    bench = Bench()
    error = bench.refused("input_audio_buffer.append", audio="AAAA")  # 3 bytes
    assert error["param"] == "audio"
    assert types(bench.append(UTTERANCE)) == CHAIN


def test_the_buffer_is_bounded() -> None:
    bench = Bench()
    bench.update_input(turn_detection=None)
    for _ in range(10):
        assert bench.append(silence(60_000), chunk_ms=60_000) == []
    audio = base64.b64encode(silence(20)).decode()
    error = bench.refused("input_audio_buffer.append", audio=audio)
    assert error["code"] == "input_audio_buffer_full"
    bench.send("input_audio_buffer.clear")
    assert bench.append(silence(20)) == []


def test_silence_under_vad_is_forgotten_but_for_half_a_minute() -> None:
    bench = Bench()
    for _ in range(30):
        bench.append(silence(60_000), chunk_ms=60_000)
    _, added, _ = bench.send("input_audio_buffer.commit")
    (event,) = bench.send("conversation.item.retrieve", item_id=added["item"]["id"])
    audio = base64.b64decode(event["item"]["content"][0]["audio"])
    assert len(audio) == pytest.approx(30_000 * 48, rel=0.01)
