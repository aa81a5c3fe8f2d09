"""Which turns a summary takes the place of."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.realtime.events.items import Role
from voxpipe.processors.realtime.memory import Entry
from voxpipe.processors.realtime.memory.summary import (
    item_with,
    old_turns,
    request,
    tokens_of,
)

TEXT = "x" * 400  # 100 tokens when it is written


@st.composite
def conversations(draw: st.DrawFn) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(["user", "agent", "system", "call", "result"]))
        name = f"item_{number}"
        if kind in ("call", "result"):
            call_id = f"call_{draw(st.integers(0, 4))}"
            full = "function_call" if kind == "call" else "function_call_output"
            entries.append(Entry(name, "tool", "{}", call_id=call_id, kind=full))
        elif kind == "agent":
            seconds = draw(st.sampled_from([0.0, 3.0]))
            entries.append(Entry(name, "agent", "Good evening.", seconds=seconds))
        else:
            role: Role = "user" if kind == "user" else "system"
            words = "word " * draw(st.integers(0, 40))
            entries.append(Entry(name, role, words))
    return _one_of_each_call(entries)


def _one_of_each_call(entries: list[Entry]) -> list[Entry]:
    seen = Counter[tuple[str, str]]()
    kept: list[Entry] = []
    for entry in entries:
        seen[key := (entry.call_id, entry.kind)] += 1
        if not entry.call_id or seen[key] == 1:
            kept.append(entry)
    return kept


@given(conversations(), st.integers(1, 600), st.sets(st.integers(0, 25), max_size=3))
def test_a_call_and_its_result_go_together_and_the_last_turn_stays(
    entries: list[Entry], budget: int, made: set[int]
) -> None:
    summaries = {f"item_{number}" for number in made}
    old = old_turns(entries, budget, summaries)
    gone = {entry.item_id for entry in old}
    assert [entry for entry in entries if entry.item_id in gone] == list(old)
    halves = Counter(entry.call_id for entry in old if entry.call_id)
    assert set(halves.values()) <= {2}
    for entry in old:
        assert entry.role != "system" or entry.item_id in summaries
    users = [n for n, entry in enumerate(entries) if entry.role == "user"]
    for entry in entries[users[-1] if users else len(entries) - 1 :]:
        assert entry.item_id not in gone
    if sum(tokens_of(entry) for entry in entries) <= budget:
        assert not old


@given(conversations(), st.integers(200, 600))
def test_what_stays_fits_but_for_what_must_stay(
    entries: list[Entry], budget: int
) -> None:
    old = {entry.item_id for entry in old_turns(entries, budget)}
    stay = [entry for entry in entries if entry.item_id not in old]
    users = [n for n, entry in enumerate(entries) if entry.role == "user"]
    last = entries[users[-1] if users else len(entries) - 1 :]
    free = [
        entry
        for entry in stay
        if entry.role != "system" and not entry.call_id and entry not in last
    ]
    fixed = sum(tokens_of(entry) for entry in last)
    assert fixed > budget or sum(map(tokens_of, free)) <= budget - fixed


def test_tokens_are_estimated_by_what_is_in_an_item() -> None:
    assert tokens_of(Entry("s", "system", TEXT)) == 104
    assert tokens_of(Entry("c", "tool", TEXT, kind="function_call")) == 104
    assert tokens_of(Entry("m", "tool", result=TEXT, kind="mcp_call")) == 104
    assert tokens_of(Entry("w", "agent", TEXT)) == 104  # a written reply
    assert tokens_of(Entry("a", "agent", TEXT, seconds=20)) == 504
    assert tokens_of(Entry("u", "user", "x" * 150)) == 104  # 10 s of speech
    assert tokens_of(Entry("p", "user", pictures=1)) == 804


def test_the_summary_is_asked_for_in_writing_and_beside_the_conversation() -> None:
    asked = request([Entry("a", "user"), Entry("b", "agent")], 1_000)
    references, last = asked["input"][:-1], asked["input"][-1]
    assert [each["id"] for each in references] == ["a", "b"]
    assert "at most 700 words" in last["content"][0]["text"]
    assert asked["conversation"] == "none"
    assert asked["output_modalities"] == ["text"]
    assert asked["tool_choice"] == "none"
    text = item_with("They like Rome.", "item_s")["content"][0]["text"]
    assert text == "What was said before, in short: They like Rome."
