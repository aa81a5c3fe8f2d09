"""The bill of a session."""

from __future__ import annotations

import json

import pytest

from voxpipe.processors.realtime import Settings
from voxpipe.processors.realtime.protocol.conversation import Conversation

from ..bench import Bench, Json

USAGE: Json = {
    "total_tokens": 320,
    "input_tokens": 132,
    "output_tokens": 188,
    "input_token_details": {
        "text_tokens": 59,
        "audio_tokens": 73,
        "image_tokens": 0,
        "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 64},
    },
    "output_token_details": {"text_tokens": 41, "audio_tokens": 147},
}
KIND = "conversation.item.input_audio_transcription.completed"


def test_cached_tokens_are_paid_once_and_cheaper() -> None:
    bench = Bench(model="gpt-realtime")
    bench.created()
    bench.done(usage=USAGE)
    (usage,) = bench.usage
    assert usage.kind == "reply"
    assert usage.reply_id == "resp_1"
    assert usage.tokens == {
        "text_in": 59,
        "audio_in": 9,
        "image_in": 0,
        "cached_text_in": 0,
        "cached_audio_in": 64,
        "cached_image_in": 0,
        "text_out": 41,
        "audio_out": 147,
    }
    expected = (59 * 4 + 9 * 32 + 64 * 0.4 + 41 * 16 + 147 * 64) / 1e6
    assert usage.cost_usd == expected
    assert bench.conversation.bill.usd == expected


def test_a_model_without_a_price_is_counted_and_not_guessed() -> None:
    bench = Bench(model="my-own")
    bench.created()
    bench.done(usage=USAGE)
    assert bench.usage[0].cost_usd is None
    assert bench.conversation.bill.unpriced == 1
    assert bench.conversation.bill.tokens["audio_out"] == 147


def test_a_reply_without_usage_costs_nothing() -> None:
    bench = Bench()
    bench.created()
    bench.done(usage=None)
    assert bench.usage == []


def test_usage_that_is_none_does_not_keep_a_reply_from_ending() -> None:
    bench = Bench()
    reply = bench.asks()
    bench.created(of=reply)
    bench.done(usage={"output_token_details": "seven", "input_token_details": 7})
    assert reply.settled is not None
    (usage,) = bench.usage
    assert set(usage.tokens.values()) == {0}


def test_usage_that_can_be_read_in_part_is_counted_in_part() -> None:
    bench = Bench()
    bench.created()
    bench.done(usage={"output_token_details": {"audio_tokens": -1, "text_tokens": 3}})
    (usage,) = bench.usage
    assert usage.tokens["text_out"] == 3
    assert bench.faults == ["response.done: could not be understood: audio_tokens"]


def test_transcripts_are_on_the_bill() -> None:
    bench = Bench(transcription="whisper-1")
    usage = {"type": "duration", "seconds": 30}
    bench.says(KIND, item_id="item_u", transcript="words", usage=usage)
    (item,) = bench.usage
    assert (item.kind, item.cost_usd, item.reply_id) == (
        "transcription",
        0.003,
        "item_u",
    )
    assert bench.conversation.bill.usd == 0.003
    assert not any(bench.conversation.bill.tokens.values())


def test_a_regional_host_is_on_the_bill() -> None:
    event = {"type": "response.done", "response": {"id": "resp_1", "usage": USAGE}}
    bills: list[float] = []
    for host in ("api.openai.com", "eu.api.openai.com"):
        conversation = Conversation(Settings(), host=host)
        conversation.receive(json.dumps(event), 0.0)
        bills.append(conversation.bill.usd)
    assert bills[1] == pytest.approx(bills[0] * 1.1)
