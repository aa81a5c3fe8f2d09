"""What tokens cost."""

from __future__ import annotations

import pytest

from voxpipe.processors.realtime.money import PRICES, Bill
from voxpipe.processors.realtime.money.prices import (
    TOKEN_CLASSES,
    cost_usd,
    price_of,
    speech_usd,
)


def test_a_million_tokens_cost_what_the_list_says() -> None:
    million: dict[str, int] = dict.fromkeys(TOKEN_CLASSES, 1_000_000)
    assert cost_usd("gpt-realtime-2.1", million) == pytest.approx(
        4 + 32 + 5 + 0.4 + 0.4 + 0.5 + 24 + 64
    )
    assert cost_usd("gpt-realtime", {"text_out": 500_000}) == 8
    assert cost_usd("gpt-realtime-mini", {"audio_in": 1_000_000}) == 10


def test_a_dated_snapshot_costs_what_its_model_costs() -> None:
    assert price_of("gpt-realtime-2025-08-28") is PRICES["gpt-realtime"]
    assert price_of("gpt-realtime-mini-2025-12-15") is PRICES["gpt-realtime-mini"]
    assert price_of("gpt-realtime-2.1") is PRICES["gpt-realtime-2.1"]


@pytest.mark.parametrize(
    "model", ["", "gpt-realtime-3", "gpt-realtime-2.1-huge", "my-deployment", "gpt"]
)
def test_an_unknown_model_has_no_price(model: str) -> None:
    assert price_of(model) is None
    assert cost_usd(model, {"text_in": 1}) is None


def test_transcription_is_paid_by_the_minute_or_by_the_token() -> None:
    assert speech_usd("whisper-1", {}, 60) == 0.006
    assert speech_usd("gpt-transcribe", {"audio_in": 600}, 0) == 0.006
    tokens = {"text_in": 100_000, "audio_in": 900_000, "text_out": 1_000_000}
    assert speech_usd("gpt-4o-transcribe", tokens, 0) == 12.5
    mini = "gpt-4o-mini-transcribe-2025-12-15"
    assert speech_usd(mini, tokens, 0) == 6.25
    assert speech_usd("somebody-else", tokens, 0) is None


def test_a_bill_adds_up_and_says_what_has_no_price() -> None:
    bill = Bill()
    bill.add({"audio_in": 3}, 0.5)
    bill.add({"audio_in": 4, "text_out": 1}, None)
    assert bill.tokens["audio_in"] == 7
    assert bill.tokens["text_out"] == 1
    assert (bill.usd, bill.unpriced) == (0.5, 1)
