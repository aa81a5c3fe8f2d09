"""Statements 98 to 100: tokens."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.simulator import Line, Script
from voxpipe.simulator.service.conversation.tokens import count_text, words

from .bench import Bench, Json, hum, silence

LONG = "This is a rather long sentence, which takes its time, and then ends. " * 3


def usage(bench: Bench, **response: Any) -> Json:
    used: Json = bench.respond(**response)[-2]["response"]["usage"]
    check(used)
    return used


def check(used: Json) -> None:
    """The invariants of every usage object."""
    given, made = used["input_token_details"], used["output_token_details"]
    cached = given["cached_tokens_details"]
    kinds = ("text_tokens", "audio_tokens", "image_tokens")
    assert used["total_tokens"] == used["input_tokens"] + used["output_tokens"]
    assert used["input_tokens"] == sum(given[kind] for kind in kinds)
    assert used["output_tokens"] == made["text_tokens"] + made["audio_tokens"]
    assert given["cached_tokens"] == sum(cached[kind] for kind in kinds)
    assert given["cached_tokens"] % 64 == 0
    assert all(cached[kind] <= given[kind] for kind in kinds)


def test_98_audio_is_a_token_for_100_ms_of_the_user_and_50_of_the_assistant() -> None:
    bench = Bench(Script(replies=(Line(say=LONG), Line(say="Hi."))))
    bench.update_input(turn_detection=None)
    bench.append(hum(3300))
    bench.send("input_audio_buffer.commit")
    first = usage(bench)
    assert first["input_token_details"]["audio_tokens"] == 33
    seconds = bench.voice.speak(LONG, "alloy", 1.0)
    made = first["output_token_details"]
    assert made["audio_tokens"] == pytest.approx(len(seconds) / 48 / 50, abs=1)
    assert made["text_tokens"] == count_text(LONG)
    second = usage(bench)["input_token_details"]
    assert second["audio_tokens"] == 33 + made["audio_tokens"]
    new = second["text_tokens"] - first["input_token_details"]["text_tokens"]
    assert new == pytest.approx(made["text_tokens"], abs=4)


def test_98_an_image_counts_by_its_detail() -> None:
    def image_tokens(detail: str) -> int:
        bench = Bench()
        part = {
            "type": "input_image",
            "image_url": "data:image/png;base64,iVBORw0KGgo=",
            "detail": detail,
        }
        item = {"type": "message", "role": "user", "content": [part]}
        bench.send("conversation.item.create", item=item)
        tokens: int = usage(bench)["input_token_details"]["image_tokens"]
        return tokens

    assert 0 < image_tokens("low") < image_tokens("high") == image_tokens("auto")


def test_99_input_grows_with_the_conversation() -> None:
    bench = Bench()
    before = 0
    for _ in range(6):
        bench.append(silence(200) + hum(600) + silence(400))
        bench.run()
        used = [e for e in bench.events if e["type"] == "response.done"][-1]["response"]
        check(used["usage"])
        assert used["usage"]["input_tokens"] > before
        before = used["usage"]["input_tokens"]


def test_99_input_shrinks_when_items_are_deleted() -> None:
    bench = Bench()
    added, _ = bench.type_in(LONG)
    before = usage(bench, conversation="none")["input_tokens"]
    bench.send("conversation.item.delete", item_id=added["item"]["id"])
    after = usage(bench, conversation="none")["input_tokens"]
    assert before - after == pytest.approx(count_text(LONG), abs=4)


def test_100_the_cache_holds_the_common_beginning() -> None:
    bench = Bench(Script(replies=(Line(say=LONG),) * 9))
    first = usage(bench)
    assert first["input_token_details"]["cached_tokens"] == 0
    second = usage(bench)
    third = usage(bench)
    for before, after in ((first, second), (second, third)):
        cached = after["input_token_details"]["cached_tokens"]
        assert before["input_tokens"] - 64 < cached <= before["input_tokens"]


@pytest.mark.parametrize(
    "change",
    [
        {"instructions": "Something else. " * 40},
        {"tools": [{"type": "function", "name": "f", "description": LONG}]},
    ],
)
def test_100_new_instructions_or_tools_empty_the_cache(change: Json) -> None:
    bench = Bench(Script(replies=(Line(say=LONG),) * 9))
    usage(bench)
    bench.update(**change)
    assert usage(bench)["input_token_details"]["cached_tokens"] == 0
    assert usage(bench)["input_token_details"]["cached_tokens"] > 0


def test_100_a_truncated_item_ends_what_is_cached() -> None:
    bench = Bench(Script(replies=(Line(say=LONG),) * 9))
    item_id = bench.respond()[-2]["response"]["output"][0]["id"]
    usage(bench)
    whole = usage(bench)["input_token_details"]["cached_tokens"]
    bench.send(
        "conversation.item.truncate",
        item_id=item_id,
        content_index=0,
        audio_end_ms=100,
    )
    assert usage(bench)["input_token_details"]["cached_tokens"] < whole / 2


def test_the_oldest_items_leave_a_window_that_is_full() -> None:
    bench = Bench(Script(replies=(Line(say="Yes."),) * 9), model="gpt-realtime")
    inputs: list[int] = []
    for _ in range(8):
        bench.type_in("word " * 6000)
        inputs.append(usage(bench, max_output_tokens=1)["input_tokens"])
    assert inputs[:4] == sorted(inputs[:4])
    assert max(inputs) < 28_224 + 200
    bench.update(truncation="disabled")
    error = bench.refused("response.create")
    assert error["code"] == "context_length_exceeded"


def test_a_retention_ratio_makes_room_for_several_turns() -> None:
    bench = Bench(Script(replies=(Line(say="Yes."),) * 30), model="gpt-realtime")
    truncation = {
        "type": "retention_ratio",
        "retention_ratio": 0.5,
        "token_limits": {"post_instructions": 10_000},
    }
    bench.update(truncation=truncation)
    inputs: list[int] = []
    for _ in range(30):
        bench.type_in("word " * 1000)
        inputs.append(usage(bench, max_output_tokens=1)["input_tokens"])
    drops = sum(after < before for before, after in pairwise(inputs))
    assert 3 <= drops <= 6
    assert max(inputs) < 10_200


@given(st.text())
def test_words_are_the_text_again(text: str) -> None:
    assert "".join(words(text)) == text
    assert count_text(text) == len(words(text))
