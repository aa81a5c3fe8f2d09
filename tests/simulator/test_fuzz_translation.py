"""Whatever a client sends, the translator answers with events that the SDK knows."""

from __future__ import annotations

import json
from base64 import b64encode
from math import inf
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.simulator.protocol.client_events import CLIENT_EVENTS, TRANSLATION_SHAPES

from .bench import Json, hum, silence
from .test_statements_translation import Bench

AUDIO = [
    b64encode(audio).decode()
    for audio in (b"", b"\0", b"\0\0", hum(200), hum(900), silence(700))
]
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()
)
junk: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "session", "audio", "input", "output", "language"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
updates = junk | st.just({"audio": {"output": {"language": "es"}}})


@st.composite
def events(draw: st.DrawFn) -> Json:
    """What looks like an event of a client."""
    kind = draw(st.sampled_from(CLIENT_EVENTS) | scalars)
    event: Json = {"type": kind}
    if draw(st.booleans()):
        event["event_id"] = draw(scalars)
    if kind == "session.input_audio_buffer.append":
        event["audio"] = draw(st.sampled_from(AUDIO) | scalars)
    elif kind == "session.update":
        event["session"] = draw(updates)
    return event


steps: st.SearchStrategy[list[Any]] = st.lists(
    st.one_of(events(), st.floats(0, 3), st.text(max_size=5), st.binary(max_size=5)),
    max_size=25,
)


@settings(max_examples=150)
@given(steps)
def test_a_translator_survives_anything_and_still_closes(steps: list[Any]) -> None:
    bench = Bench()  # has every event judged
    for step in steps:
        if isinstance(step, float):
            bench.run(step)
        elif isinstance(step, dict):
            bench.raw(json.dumps(step))
        else:
            bench.raw(step)
    bench.send("session.close")
    bench.run(600)
    closed = [each["type"] for each in bench.events].count("session.closed")
    assert closed == 1
    assert bench.events[-1]["type"] == "session.closed"
    assert bench.machine.next_timer == inf
    assert set(TRANSLATION_SHAPES) < set(CLIENT_EVENTS)
