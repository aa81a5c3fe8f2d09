from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.console.demo.plain import columns
from voxpipe.console.demo.report import (
    InterruptionRecord,
    Report,
    SpanRecord,
    ToolCallRecord,
    TurnRecord,
    table,
    to_json,
)
from voxpipe.pipeline import Timings

CALL = Report(
    model="gpt-realtime-2.1",
    seconds=21.5,
    turns=(
        TurnRecord(
            index=1,
            agent_words="Good evening.",
            timings=Timings(first_delta=0.3, first_played=0.304),
        ),
        TurnRecord(
            index=2,
            reply_id="r2",
            user_words="What can I eat?",
            agent_words="We have soup, bread and fish.",
            agent_words_played="We have soup,",
            timings=Timings(
                user_stopped=5.0,
                committed=5.5,
                first_delta=5.92,
                first_written=5.921,
                first_played=5.923,
            ),
        ),
    ),
    tool_calls=(
        ToolCallRecord(
            name="menu",
            call_id="c1",
            arguments='{"day": "Sunday"}',
            output="none",
            started=5.6,
            seconds=0.25,
            error="timeout",
        ),
    ),
    interruptions=(
        InterruptionRecord(
            reply_id="r2",
            at=8.0,
            generated_ms=4_000.0,
            played_ms=2_077.0,
            basis="measured",
            truncated_to_ms=2_077.0,
            silent_after_ms=80.0,
        ),
    ),
    usage={"text_in": 1_234, "audio_out": 56, "image_in": 0},
    cost_usd=0.0123,
    spans=(SpanRecord(speaker="agent", start=5.923, end=8.0, text="We have soup,"),),
)


def test_the_file_has_what_was_promised() -> None:
    data = json.loads(json.dumps(to_json(CALL)))
    assert {"turns", "tool_calls", "interruptions", "usage", "cost_usd"} <= set(data)
    assert data["interruptions"][0]["generated_ms"] == 4_000.0
    assert data["interruptions"][0]["played_ms"] == 2_077.0
    assert data["usage"] == {"text_in": 1_234, "audio_out": 56, "image_in": 0}
    assert data["cost_usd"] == 0.0123
    assert data["tool_calls"][0]["error"] == "timeout"
    first, second = data["turns"]
    assert (first["total_ms"], first["ours_ms"]) == (None, None)
    assert (second["total_ms"], second["ours_ms"]) == (923.0, 3.0)
    assert second["timings"]["committed"] == 5.5
    assert second["agent_words_played"] == "We have soup,"


def test_the_tables_tell_the_way_to_each_answer() -> None:
    lines = table(CALL, 80).splitlines()
    numbers = next(line for line in lines if line.split()[:1] == ["2"])
    assert numbers.split() == ["2", "500", "420", "3", "923"]
    assert "    > What can I eat?" in lines
    assert "    < [cut] We have soup, …" in lines
    unasked = next(line for line in lines if line.split()[:1] == ["1"])
    assert unasked.split() == ["1", "–", "–", "–", "–"]


def test_what_is_simulated_is_called_so() -> None:
    assert "simulat" not in table(CALL, 80)
    told = " ".join(table(replace(CALL, simulated=True), 80).split())
    assert "first audio, which the simulator's script sets." in told
    assert "gpt-realtime-2.1, simulated" in told
    assert "nobody is billed" in told


def test_the_tables_tell_tools_interruptions_and_money() -> None:
    text = table(CALL, 80)
    assert [line.split() for line in text.splitlines() if "menu" in line] == [
        ["menu", "250", '{"day":', '"Sunday"}', "timeout:", "none"]
    ]
    assert "8.0 s" in text
    assert "4,000   2,077" in text
    assert "   80 " in text
    assert "measured" in text
    assert "1,234" in text
    assert "$0.0123" in text
    assert "image" not in text  # nothing was used of it


def test_a_model_without_a_price_is_not_free() -> None:
    text = table(replace(CALL, cost_usd=None), 80)
    assert "unknown" in text
    assert "$" not in text


def test_a_call_in_which_nothing_happened_has_no_tables() -> None:
    assert table(Report(model="m", seconds=0.0), 80) == ""


said = st.text(max_size=60)


@given(
    said=said,
    name=said,
    width=st.integers(20, 200),
    at=st.one_of(st.none(), st.floats(0, 1e5)),
)
def test_tables_keep_to_the_width_whatever_was_said(
    said: str, name: str, width: int, at: float | None
) -> None:
    turn = TurnRecord(
        index=1,
        reply_id="r",
        user_words=said,
        agent_words=said,
        agent_words_played=said,
        timings=Timings(user_stopped=at, first_delta=1.0, first_played=2.0),
    )
    tool = replace(CALL.tool_calls[0], name=name, output=said, arguments=said)
    report = replace(CALL, model=name, turns=(turn,), tool_calls=(tool,))
    for line in table(report, width).split("\n"):
        assert columns(line) <= width
        assert all(char.isprintable() or char in "\u200c\u200d" for char in line)
