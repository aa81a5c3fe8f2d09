"""What both sides said."""

from __future__ import annotations

from voxpipe.processors.realtime.protocol.transcripts import (
    MAX_PARTS,
    TRANSCRIPT_TIMEOUT,
)

from ..bench import Bench, Json

KIND = "conversation.item.input_audio_transcription"


def transcribed(bench: Bench, item: str, text: str, **fields: object) -> None:
    bench.says(f"{KIND}.completed", item_id=item, transcript=text, **fields)


def lines(bench: Bench) -> list[tuple[str, str]]:
    return [(entry.item_id, entry.text) for entry in bench.conversation.history]


def test_a_transcript_fills_the_place_of_its_turn_however_late_it_comes() -> None:
    bench = Bench()
    bench.committed("item_1")
    bench.created("resp_1")
    body = {"id": "item_2", "type": "message", "role": "assistant"}
    bench.says("conversation.item.added", item=body, previous_item_id="item_1")
    bench.committed("item_3", previous="item_2")
    transcribed(bench, "item_3", "the second")
    transcribed(bench, "item_1", "the first")
    assert lines(bench) == [
        ("item_1", "the first"),
        ("item_2", ""),
        ("item_3", "the second"),
    ]
    assert [(t.speaker, t.text, t.final) for t in bench.transcripts] == [
        ("user", "the second", True),
        ("user", "the first", True),
    ]


def test_words_of_the_caller_grow_until_they_are_final() -> None:
    bench = Bench()
    for piece in ("good ", "even"):
        bench.says(f"{KIND}.delta", item_id="item_1", delta=piece)
    transcribed(bench, "item_1", "Good evening.")
    bench.says(f"{KIND}.delta", item_id="item_1", delta=" late")
    transcribed(bench, "item_1", "Good evening again.")
    assert [(t.text, t.final) for t in bench.transcripts] == [
        ("good ", False),
        ("good even", False),
        ("Good evening.", True),
    ]


def test_words_that_could_not_be_written_down_are_reported() -> None:
    bench = Bench()
    bench.committed("item_1")
    bench.says(f"{KIND}.failed", item_id="item_1", error={"code": "unintelligible"})
    assert bench.faults == ["the caller's words could not be transcribed"]
    assert bench.transcripts == []
    assert not bench.conversation._transcripts.is_waiting(0.0)  # pyright: ignore[reportPrivateUsage]


def test_a_turn_is_waited_for_a_little_while() -> None:
    bench = Bench()
    bench.committed("item_1")
    assert not bench.conversation.is_idle(TRANSCRIPT_TIMEOUT - 0.1)
    assert bench.conversation.is_idle(TRANSCRIPT_TIMEOUT)
    bench.committed("item_2")
    transcribed(bench, "item_2", "words")
    transcribed(bench, "item_1", "words")
    assert bench.conversation.is_idle(0.0)


def test_nobody_waits_for_words_where_none_are_written_down() -> None:
    bench = Bench(transcription=None)
    bench.committed("item_1")
    assert bench.conversation.is_idle(0.0)


def test_what_was_written_and_called_is_remembered() -> None:
    bench = Bench()
    items: list[Json] = [
        {"id": "s", "type": "message", "role": "system", "content": [{"text": "Be"}]},
        {"id": "u", "type": "message", "role": "user", "content": [{"text": "Hi"}]},
        {
            "id": "c",
            "type": "function_call",
            "name": "look",
            "call_id": "call_1",
            "arguments": '{"a": 1}',
        },
        {"id": "r", "type": "function_call_output", "call_id": "call_1", "output": "2"},
    ]
    for item in items:
        bench.says("conversation.item.added", item=item)
    entries = list(bench.conversation.history)
    assert [(e.role, e.text) for e in entries] == [
        ("system", "Be"),
        ("user", "Hi"),
        ("tool", '{"a": 1}'),
        ("tool", "2"),
    ]
    assert [(e.tool, e.call_id) for e in entries[2:]] == [
        ("look", "call_1"),
        ("", "call_1"),
    ]


def test_a_reply_of_endless_parts_is_remembered_within_bounds() -> None:
    bench = Bench()
    bench.created()
    for number in range(2 * MAX_PARTS):
        bench.words("resp_1", f"item_{number}", "word")
    (reply,) = bench.spoken
    assert len(reply.texts) == MAX_PARTS
