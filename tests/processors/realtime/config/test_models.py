"""What is known of models."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest
from openai.types.realtime import AudioTranscription, RealtimeSessionCreateRequest

from voxpipe.processors.realtime import Settings
from voxpipe.processors.realtime.config import MODELS, model_named, retirement_of
from voxpipe.processors.realtime.config.models import TRANSCRIBERS as OURS
from voxpipe.processors.realtime.config.models import undated
from voxpipe.processors.realtime.money.prices import price_of


def names_in(annotation: object) -> set[str]:
    """All literal strings in a type of the SDK's."""
    if isinstance(annotation, str):
        return {annotation}
    return {name for each in get_args(annotation) for name in names_in(each)}


MODEL = RealtimeSessionCreateRequest.model_fields["model"].annotation
SPEAKERS = names_in(MODEL)
TRANSCRIBERS = names_in(AudioTranscription.model_fields["model"].annotation)


@pytest.mark.parametrize(
    ("name", "reasons", "context", "output"),
    [
        ("gpt-realtime-2.1", True, 128_000, 32_000),
        ("gpt-realtime-2.1-mini", True, 128_000, 32_000),
        ("gpt-realtime-2-2026-05-07", True, 128_000, 32_000),
        ("gpt-realtime-2025-08-28", False, 32_768, 4_096),
        ("gpt-realtime-mini-2025-12-15", False, 32_768, 4_096),
        ("gpt-audio-1.5", False, 32_768, 4_096),
    ],
)
def test_families_are_known_by_their_names(
    name: str, reasons: bool, context: int, output: int
) -> None:
    model = model_named(name)
    assert model is not None
    assert (model.reasons, model.parallel_calls) == (reasons, reasons)
    assert (model.context_tokens, model.output_tokens) == (context, output)


@pytest.mark.parametrize("name", ["gpt-realtime-3", "gpt-realtime-2x", "", "mine"])
def test_others_are_not_known(name: str) -> None:
    assert model_named(name) is None
    assert retirement_of(name) is None


def test_every_model_that_the_sdk_names_is_known_or_has_ended() -> None:
    assert len(SPEAKERS) > 10
    ended = {
        n for n in SPEAKERS if (r := retirement_of(n)) and r.day < date(2026, 6, 1)
    }
    assert {name for name in SPEAKERS if model_named(name) is None} == ended
    assert all(name.startswith("gpt-4o") for name in ended)


def test_every_transcriber_that_the_sdk_names_is_known() -> None:
    assert {undated(name) for name in TRANSCRIBERS} == set(OURS)


def test_what_takes_a_place_has_one_itself() -> None:
    retiring = {n: r for n in SPEAKERS | TRANSCRIBERS if (r := retirement_of(n))}
    assert {"gpt-realtime", "gpt-realtime-mini", "whisper-1"} <= retiring.keys()
    for each in retiring.values():
        assert each.successor in MODELS or each.successor in TRANSCRIBERS
        assert retirement_of(each.successor) is None


def test_the_default_has_a_future_and_a_price() -> None:
    default = Settings().model
    assert model_named(default) is not None
    assert retirement_of(default) is None
    assert price_of(default) is not None
