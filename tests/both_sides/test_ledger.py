"""What we remember of a conversation is what the service remembers."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from typing import Any

from anyio import create_task_group, fail_after, sleep, sleep_until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.memory import Items, Summary, exported
from voxpipe.simulator import CallTool, Line, Script
from voxpipe.simulator.service.conversation.items import Item

from ..processors.realtime.bench import TOOLS
from ..processors.realtime.call import QUICK
from ..processors.realtime.loops import run_virtually
from .line import SILENCE, VOICE, Telephone

SCRIPT = Script(
    replies=[
        Line(say="Good evening.", heard="Hello?"),
        Line(say=["One moment.", "It is sunny in Rome."], heard="How is Rome?"),
        Line(say="Let me see.", calls=[CallTool(name="look", arguments={"n": 1})]),
        Line(calls=[CallTool(name="look"), CallTool(name="look", arguments={"n": 2})]),
        Line(say="That is a rather long answer that is interrupted now and then."),
    ],
    then="repeat",
    out_of_band=[Line(say="They like Rome.")] * 10,
    timing=QUICK,
)
SHARES = st.sampled_from([0.0, 0.3, 0.9, 1.0])
PLACES = st.integers(0, 20)
FLOW = st.tuples(st.just("flow"), st.sampled_from([0.2, 1.0, 3.0]))
TALK = st.tuples(st.sampled_from(["text", "speak"]), st.sampled_from([0.3, 1.0]))
STEPS = st.one_of(
    FLOW,
    FLOW,
    TALK,
    TALK,
    st.tuples(st.just("answer"), st.none()),
    st.tuples(st.just("carry_up"), st.integers(1, 40)),
    st.tuples(st.just("carry_down"), st.integers(1, 40)),
    st.tuples(st.just("wait"), st.sampled_from([0.05, 0.4, 2.0])),
    st.tuples(st.just("play"), SHARES),
    st.tuples(st.just("delete"), PLACES),
    st.tuples(st.just("truncate"), PLACES),
    st.tuples(st.just("create"), st.none() | st.just("root") | PLACES),
    st.tuples(st.sampled_from(["ask", "aside", "cut"]), st.none()),
)


def take(call: Telephone, act: str, what: Any) -> None:
    """One step of the conversation."""
    client, edits = call.client, call.client.edits
    entries = list(client.history)
    entry = entries[what % len(entries)] if isinstance(what, int) and entries else None
    if act in ("carry_up", "carry_down", "wait", "flow"):
        getattr(call, act)(what)
    elif act == "speak":
        call.speak(VOICE, what)
        call.speak(SILENCE, 1.0)
        call.flow(what)
    elif act == "play" and call.playing:
        call.play(call.playing.turn.generated * what)
    elif act == "delete" and entry:
        edits.ask("delete", entry.item_id)
    elif act == "truncate" and entry:
        end = round(entry.seconds * 500)
        edits.ask("truncate", entry.item_id, content_index=0, audio_end_ms=end)
    elif act == "create":
        after = entry.item_id if entry else "root" if what == "root" else None
        create(call, f"a note after {after}", after)
    elif act == "text":
        create(call, "What is new?", None, role="user")
        call.ask()
        call.flow(what)
    elif act in ("ask", "aside"):
        options = {"conversation": "none"} if act == "aside" else {}
        call.ask(**options)
    elif act == "cut":
        client.interrupt(call.now)
    elif act == "answer" and call.open:
        call.answer(0)


def create(call: Telephone, text: str, after: str | None, role: str = "system") -> None:
    part = {"type": "input_text", "text": text}
    item = {"type": "message", "role": role, "content": [part]}
    name = f"note_{len(call.items)}_{round(call.now * 1000)}"
    fields = {} if after is None else {"previous_item_id": after}
    call.client.edits.ask("create", name, item=item | {"id": name}, **fields)


def end(call: Telephone) -> None:
    """The caller listens to the end, tools answer, and all arrives."""
    for _ in range(20):
        call.arrive()
        call.play(60.0)
        while call.open:
            call.answer(0)
        if call.client.is_quiet:
            break
    call.arrive()


def words_of(item: Item) -> str | None:
    """As the service holds them; ``None`` where it has none any more."""
    if item.type != "message":
        return str(item.call.get("arguments") or item.call.get("output"))
    if any(part.text is None for part in item.content):
        return None
    return " ".join(part.text or "" for part in item.content)


ROLES = {"assistant": "agent", "user": "user", "system": "system", "": "tool"}


def check(call: Telephone) -> None:
    ours, theirs = list(call.client.history), call.items
    assert [entry.item_id for entry in ours] == [item.id for item in theirs]
    for entry, item in zip(ours, theirs, strict=True):
        assert (entry.kind, entry.role) == (item.type, ROLES[item.role])
        assert entry.call_id == item.call.get("call_id", "")
        words = words_of(item)
        assert item.truncated is (words is None) or item.role == "user"
        if item.truncated:
            assert entry.played is not None
            assert entry.text.startswith(entry.played)
        elif words is not None:
            assert entry.text == words
    waiting = call.client.edits._open  # pyright: ignore[reportPrivateUsage]
    assert not waiting


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=40))
def test_the_ledger_is_equal_on_both_sides(steps: list[tuple[str, Any]]) -> None:
    call = Telephone(SCRIPT, tools=tuple(TOOLS), parallel_tool_calls=True)
    for act, what in steps:
        take(call, act, what)
    end(call)
    check(call)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=30))
def test_a_conversation_can_be_told_to_another_session(
    steps: list[tuple[str, Any]],
) -> None:
    call = Telephone(SCRIPT, tools=tuple(TOOLS), parallel_tool_calls=True)
    for act, what in steps:
        take(call, act, what)
    end(call)
    told = exported(call.client.history)
    other = Telephone(SCRIPT, tools=tuple(TOOLS))
    for each in told.items:
        other.client.edits.ask("create", each["id"], item=each)
    end(other)
    check(other)

    assert other.faults == []
    theirs = {item.id: item for item in other.items}
    missing = {each.item_id for each in told.left_out}
    for entry in call.client.history:
        words = entry.text if entry.played is None else entry.played
        item = theirs.pop(entry.item_id, None)
        assert (item is None) is (entry.item_id in missing)
        if item is not None:
            assert (words_of(item), item.status) == (words, "completed")
            assert (item.type, ROLES[item.role]) == (entry.kind, entry.role)
            assert item.call.get("call_id", "") == entry.call_id
    assert not theirs
    again = exported(other.client.history)
    assert again.items == told.items
    assert again.left_out == ()


async def summarised(call: Telephone, budget: int) -> Summary | None:
    """Summarise, while the line between both sides does its work."""

    async def carry() -> None:
        while True:
            call.flow(0.1)
            await sleep(0.1)

    await sleep_until(call.now)  # the loop's clock goes as the call's does
    summary = None
    unmoved = Wakeup()
    items = Items(
        call.client,
        PCM_24K,
        call.collect,
        lambda: nullcontext(unmoved),
        call.faults.append,
    )
    async with create_task_group() as tasks:
        tasks.start_soon(carry)
        with fail_after(60):  # virtual
            summary = await items.summarise(budget)
        tasks.cancel_scope.cancel()
    return summary


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=5, max_size=30), st.integers(1, 120))
def test_a_summary_leaves_both_sides_with_the_same_whole_conversation(
    steps: list[tuple[str, Any]], budget: int
) -> None:
    call = Telephone(SCRIPT, tools=tuple(TOOLS), parallel_tool_calls=True)
    for act, what in steps:
        take(call, act, what)
    end(call)
    before = call.items
    summary = run_virtually("trio", summarised, call, budget)
    end(call)
    check(call)

    after = call.items
    gone = {item.id for item in before} - {item.id for item in after}
    assert gone == (set(summary.replaced) if summary else set())
    halves = Counter(i.call.get("call_id") for i in before if i.id in gone)
    del halves[None]
    assert set(halves.values()) <= {2}
    kept = [item.id for item in before if item.id not in gone]
    added = [item for item in after if item.id not in {each.id for each in before}]
    assert [item.id for item in after if item not in added] == kept
    assert [item.id for item in added] == ([summary.item_id] if summary else [])
    users = [item.id for item in before if item.role == "user"]
    assert not users or users[-1] not in gone
