"""The price list, and what is added to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.realtime.config.models import model_named
from voxpipe.processors.realtime.config.settings import DEFAULT_MODEL, Settings
from voxpipe.processors.realtime.money import PRICES
from voxpipe.processors.realtime.money.price_list import SPEECH_PRICES
from voxpipe.processors.realtime.money.prices import (
    TOKEN_CLASSES,
    cost_usd,
    speech_usd,
)

US, EU = "us.api.openai.com", "eu.api.openai.com:443"
models = st.sampled_from(sorted(PRICES))
hosts = st.sampled_from(["", "api.openai.com", US, EU, "127.0.0.1:8080"])
usages = st.dictionaries(
    st.sampled_from(TOKEN_CLASSES), st.integers(min_value=0, max_value=10**9)
)


def test_what_a_session_opens_with_by_itself_has_a_price() -> None:
    settings = Settings()
    assert DEFAULT_MODEL in PRICES
    assert settings.transcriber is not None
    assert settings.transcriber.model in SPEECH_PRICES


@pytest.mark.parametrize("host", [US, EU, "EU.api.openai.com"])
def test_a_regional_host_adds_a_tenth_for_new_models_only(host: str) -> None:
    tokens = {"audio_out": 1_000_000}
    assert cost_usd("gpt-realtime-2.1", tokens, host) == pytest.approx(64 * 1.1)
    assert cost_usd("gpt-realtime-1.5", tokens, host) == 64
    assert speech_usd("gpt-transcribe", {}, 60, host) == pytest.approx(0.0066)
    assert speech_usd("whisper-1", {}, 60, host) == 0.006


@pytest.mark.parametrize("host", ["", "api.openai.com", "us.api.openai.com.evil.org"])
def test_other_hosts_add_nothing(host: str) -> None:
    assert cost_usd("gpt-realtime-2.1", {"audio_out": 1_000_000}, host) == 64


def test_translation_is_paid_by_the_minute() -> None:
    assert speech_usd("gpt-realtime-translate", {}, 90) == pytest.approx(0.051)
    assert speech_usd("gpt-realtime-translate", {}, 60, EU) == pytest.approx(0.0374)
    assert speech_usd("gpt-realtime-2.1", {}, 60) is None


def test_models_that_reason_are_newer_than_the_surcharge() -> None:
    for model in PRICES:
        extra = (cost_usd(model, {"audio_in": 10**6}, US) or 0) > (
            cost_usd(model, {"audio_in": 10**6}) or 0
        )
        known = model_named(model)
        assert known is not None
        assert extra is known.reasons, model


@given(models, usages, usages, hosts)
def test_the_cost_of_two_replies_is_the_cost_of_their_sum(
    model: str, one: dict[str, int], other: dict[str, int], host: str
) -> None:
    both = {each: one.get(each, 0) + other.get(each, 0) for each in TOKEN_CLASSES}
    separately = (cost_usd(model, one, host) or 0) + (cost_usd(model, other, host) or 0)
    assert cost_usd(model, both, host) == pytest.approx(separately)


@given(models, usages, st.sampled_from(TOKEN_CLASSES), hosts)
def test_no_token_is_free_and_none_is_refunded(
    model: str, tokens: dict[str, int], more: str, host: str
) -> None:
    before = cost_usd(model, tokens, host)
    after = cost_usd(model, {**tokens, more: tokens.get(more, 0) + 1_000}, host)
    assert before is not None
    assert after is not None
    assert after > before >= 0


@given(models, usages)
def test_what_is_cached_never_costs_more(model: str, tokens: dict[str, int]) -> None:
    plain = ("text_in", "audio_in", "image_in")
    cached = {each: n for each, n in tokens.items() if each not in plain}
    for each in plain:
        name = f"cached_{each}"
        cached[name] = cached.get(name, 0) + tokens.get(each, 0)
    assert (cost_usd(model, cached) or 0) <= (cost_usd(model, tokens) or 0) + 1e-9
