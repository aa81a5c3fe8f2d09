"""A translation without the network, with a service that says anything at all."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame, Transcript, Usage
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.protocol.store import STORE_SECONDS
from voxpipe.processors.realtime.translation.protocol import TranslationProtocol
from voxpipe.processors.realtime.translation.session import TranslationSettings

KINDS = [
    "error",
    "session.created",
    "session.updated",
    "session.closed",
    "session.output_audio.delta",
    "session.output_transcript.delta",
    "session.input_transcript.delta",
    "response.output_audio.delta",
    "something.new",
]
junk: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.integers(), st.text(max_size=5), st.just({}), st.just([1])
)


def interpretation(model: str = "gpt-realtime-translate") -> TranslationProtocol:
    settings = TranslationSettings(language="en", model=model)
    return TranslationProtocol(settings, "api.openai.com")


@st.composite
def messages(draw: st.DrawFn) -> str:
    """What a service may send, in its right mind or not."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.text(max_size=10))
    event: dict[str, Any] = {"type": draw(st.sampled_from(KINDS))}
    if draw(st.booleans()):
        event["event_id"] = f"event_{draw(st.integers(0, 5))}"
    sound = b64encode(bytes(draw(st.sampled_from([0, 1, 2, 9_600])))).decode()
    event["delta"] = draw(st.one_of(st.just(sound), st.text(max_size=20), junk))
    for name in ("error", "session", "elapsed_ms", "sample_rate", "format"):
        if draw(st.integers(0, 4)) == 0:
            event[name] = draw(junk)
    return json.dumps(event)


@given(st.lists(messages(), max_size=40))
def test_it_survives_whatever_the_service_says(told: list[str]) -> None:
    state = interpretation()
    for message in told:
        state.receive(message, 0.0)
        assert state.store.seconds <= STORE_SECONDS
    state.end("over")
    words = [f for port, f in state.outbox.frames if port == "transcripts"]
    by_item: dict[str, list[Transcript]] = {}
    for each in words:
        assert isinstance(each, Transcript)
        by_item.setdefault(each.item_id, []).append(each)
    for steps in by_item.values():
        assert [each.final for each in steps[:-1]] == [False] * (len(steps) - 1)
        assert steps[-1].final  # each sentence ends once, and nothing follows


def test_an_event_that_comes_twice_is_said_once() -> None:
    state = interpretation()
    delta = b64encode(bytes(9_600)).decode()
    kind = "session.output_audio.delta"
    for _ in range(2):
        state.receive(json.dumps({"type": kind, "event_id": "e", "delta": delta}), 0.0)
    assert len(state.store) == 1


def test_a_model_without_a_price_is_not_free() -> None:
    state = interpretation("someone-s-translator")
    state.hear(AudioFrame(data=bytes(PCM_24K.bytes_in(61)), format=PCM_24K), 0.0)
    (usage,) = [frame for _, frame in state.outbox.frames if isinstance(frame, Usage)]
    assert usage.cost_usd is None
    assert (state.bill.usd, state.bill.unpriced) == (0.0, 1)


def test_what_people_said_is_in_no_report() -> None:
    state = interpretation()
    kind = "session.output_transcript.delta"
    state.receive(json.dumps({"type": kind, "delta": ["canary"]}), 0.0)
    state.receive(json.dumps({"type": "error", "error": {"message": "canary"}}), 0.0)
    assert len(state.outbox.reports) == 2
    assert "canary" not in "".join(state.outbox.reports)
