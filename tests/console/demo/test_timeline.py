from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.console.demo.report import (
    InterruptionRecord,
    Report,
    SpanRecord,
    ToolCallRecord,
    TurnRecord,
)
from voxpipe.console.demo.svg import text_width
from voxpipe.console.demo.timeline import WIDTH, envelope, timeline_svg
from voxpipe.pipeline import Timings

SVG = "{http://www.w3.org/2000/svg}"

CALL = Report(
    model="gpt-realtime-2.1",
    seconds=25.0,
    turns=(
        TurnRecord(
            index=1,
            timings=Timings(
                user_stopped=4.0, committed=4.5, first_delta=5.0, first_played=5.1
            ),
        ),
    ),
    tool_calls=(
        ToolCallRecord(
            name="menu",
            call_id="c",
            arguments="{}",
            output="<soup> & 'fish'",
            started=4.6,
            seconds=0.3,
        ),
    ),
    interruptions=(
        InterruptionRecord(
            reply_id="r",
            at=7.0,
            generated_ms=6_000.0,
            played_ms=1_900.0,
            basis="measured",
        ),
    ),
    cost_usd=0.01,
    spans=(
        SpanRecord(speaker="caller", start=2.0, end=4.0, text="What can I eat?"),
        SpanRecord(speaker="agent", start=5.1, end=7.0, text="We have soup,"),
        SpanRecord(
            speaker="agent", start=7.0, end=11.1, kind="unplayed", text="and fish."
        ),
        SpanRecord(speaker="agent", start=9.0, end=12.0, text="Gladly."),
    ),
)
SOUND = [0.5] * round(CALL.seconds / 0.02)
SILENCE = [0.0] * len(SOUND)


def draw(
    report: Report, caller: list[float] = SILENCE, agent: list[float] = SILENCE
) -> ElementTree.Element:
    return ElementTree.fromstring(timeline_svg(report, caller, agent).encode())


def found(root: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    """What was drawn of a kind, without the legend, which is above 70 px."""
    return [
        each
        for each in root.iter()
        if each.get("class") == kind and float(each.get("y", "100")) > 70
    ]


def box(element: ElementTree.Element) -> tuple[float, float, float]:
    """Left, right and upper edge."""
    x, width, y = (float(element.get(name, "0")) for name in ("x", "width", "y"))
    return x, x + width, y


def words(root: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def test_the_picture_tells_who_spoke_what_was_cut_and_which_tool_ran() -> None:
    root = draw(CALL)
    assert len(found(root, "caller-span")) == 1
    assert len(found(root, "agent-span")) == 2
    assert len(found(root, "unplayed")) == 1
    told = words(root)
    assert "What can I eat?" in told
    assert "turn 1: 1,100 ms" in told
    assert "menu 300 ms" in told
    assert "cut: 1.9 of 6.0 s played" in told
    assert any("1 turn · 1 tool call · 1 interruption · $0.0100" in w for w in told)


def test_the_caller_is_above_the_agent_and_time_runs_to_the_right() -> None:
    root = draw(CALL)
    (caller,) = map(box, found(root, "caller-span"))
    first, second = map(box, found(root, "agent-span"))
    assert caller[2] < first[2] == second[2]
    assert caller[0] < caller[1] < first[0] < first[1] < second[0]
    per_second = (first[0] - caller[0]) / 3.1
    assert second[0] - first[0] == pytest.approx(3.9 * per_second, abs=0.2)


def test_what_was_never_heard_ends_where_the_next_words_begin() -> None:
    root = draw(CALL)
    (unplayed,) = map(box, found(root, "unplayed"))
    first, second = map(box, found(root, "agent-span"))
    assert unplayed[0] == pytest.approx(first[1] + 1, abs=0.15)
    assert unplayed[1] == pytest.approx(second[0] - 1, abs=0.15)


def test_the_parts_of_a_latency_join_without_a_gap() -> None:
    root = draw(CALL)
    (closing,), (model,), (ours,) = (
        [box(each) for each in found(root, kind)]
        for kind in ("closing", "model", "ours")
    )
    assert closing[1] == pytest.approx(model[0], abs=0.15)
    assert model[1] == pytest.approx(ours[0], abs=0.15)


def test_only_sound_makes_a_wave() -> None:
    root = draw(CALL, caller=SOUND)
    assert found(root, "caller-wave")
    assert not found(root, "agent-wave")


def test_words_that_find_no_room_go_on_in_the_next_row() -> None:
    text = "These words begin at the very end of a row and go on in the next one."
    span = SpanRecord(speaker="caller", start=14.0, end=18.0, text=text)
    told = words(draw(replace(CALL, spans=(span,))))
    lines = [line for line in told if line and line in text and len(line) > 3]
    assert " ".join(lines) == text


def test_tools_that_run_at_once_have_lines_of_their_own() -> None:
    call = CALL.tool_calls[0]
    calls = tuple(replace(call, started=4.6 + n / 10, name=f"t{n}") for n in range(4))
    root = draw(replace(CALL, tool_calls=calls))
    assert len({box(each)[2] for each in found(root, "tool")}) == 4


def test_a_tool_that_failed_shows_it() -> None:
    call = replace(CALL.tool_calls[0], error="timeout")
    root = draw(replace(CALL, tool_calls=(call,)))
    assert len(found(root, "failed")) == 1
    assert "menu 300 ms, timeout" in words(root)


@pytest.mark.parametrize("seconds", [0.0, 0.4, 14.9, 15.0, 61.0, 3_600.0, 86_400.0])
def test_a_call_of_any_length_has_a_bounded_picture(seconds: float) -> None:
    root = draw(replace(CALL, seconds=seconds))
    assert float(root.get("height", "0")) < 7_000
    assert 1 <= words(root).count("caller") - 1 <= 24  # one is the legend's


times = st.floats(-10, 100)
said = st.text(st.characters(codec=None), max_size=40)
spans = st.builds(
    SpanRecord,
    speaker=st.sampled_from(["caller", "agent"]),
    start=times,
    end=times,
    kind=st.sampled_from(["played", "unplayed"]),
    text=said,
)
timings = st.builds(
    Timings,
    user_stopped=st.none() | times,
    committed=st.none() | times,
    first_delta=st.none() | times,
    first_played=st.none() | times,
)
turns = st.builds(TurnRecord, index=st.integers(1, 99), timings=timings)
tools = st.builds(
    ToolCallRecord,
    name=said,
    call_id=said,
    arguments=said,
    output=said,
    started=times,
    seconds=st.floats(0, 50),
    error=st.none() | said,
)
cuts = st.builds(
    InterruptionRecord,
    reply_id=said,
    at=times,
    generated_ms=st.floats(0, 1e5),
    played_ms=st.floats(0, 1e5),
    basis=st.sampled_from(["measured", "estimated"]),
)
reports = st.builds(
    Report,
    model=said,
    seconds=st.floats(0, 90),
    turns=st.lists(turns, max_size=4).map(tuple),
    tool_calls=st.lists(tools, max_size=4).map(tuple),
    interruptions=st.lists(cuts, max_size=3).map(tuple),
    spans=st.lists(spans, max_size=6).map(tuple),
)


@settings(max_examples=40)
@given(reports, st.lists(st.floats(0, 2), max_size=50))
def test_any_conversation_makes_a_file_that_parses_and_stays_on_the_paper(
    report: Report, peaks: list[float]
) -> None:
    root = draw(report, peaks, peaks)
    height = float(root.get("height", "0"))
    for each in root.iter(f"{SVG}rect"):
        left, right, top = box(each)
        if each.get("class") in ("paper", "label"):
            continue
        assert left >= 0
        assert left <= right <= WIDTH
        assert 0 <= top <= height


@given(st.lists(tools, max_size=5))
def test_the_labels_of_tools_do_not_overlap(calls: list[ToolCallRecord]) -> None:
    root = draw(Report(model="m", seconds=60.0, tool_calls=tuple(calls)))
    placed: dict[str, list[tuple[float, float]]] = {}
    for each in found(root, "small"):
        x, width = float(each.get("x", "0")), text_width(each.text or "", 11)
        left = x - width if each.get("text-anchor") == "end" else x
        placed.setdefault(each.get("y", ""), []).append((left, left + width))
    for line in placed.values():
        line.sort()
        for (_, right), (left, _) in pairwise(line):
            assert left >= right - 0.2


def test_an_envelope_holds_the_peak_of_each_step() -> None:
    samples = np.zeros(3_500, np.int16)
    samples[100] = -32_768
    samples[3_400] = 16_384
    peaks = envelope(samples, 50_000)
    assert peaks == [1.0, 0.0, 0.0, 0.5]
    assert envelope(samples[:0], 8_000) == []
