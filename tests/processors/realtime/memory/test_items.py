"""Items in the program's hands, against the simulator, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import nullcontext

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import SessionLost, TransportError
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import ItemRefused, Realtime
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.events import ItemEvent
from voxpipe.processors.realtime.memory import Items, NoSummary, Summary
from voxpipe.processors.realtime.memory.items import ANSWER_TIMEOUT, RETRIEVE_TIMEOUT
from voxpipe.processors.tools import tool
from voxpipe.simulator import CallTool, Failure, Line, Script

from ..bench import DELETE, Bench
from ..call import QUICK, Call, call
from ..loops import BACKENDS, Backend, run_virtually


def unmoved() -> nullcontext[Wakeup]:
    """Nothing tells when the conversation moves."""
    return nullcontext(Wakeup())


GREETS = Script(
    replies=[
        Line(heard="Hello?", say="Good evening, what can I do for you today?"),
        Line(say="Very well."),
    ],
    timing=QUICK,
)
Act = Callable[[Call], Awaitable[object]]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


def after_a_greeting(backend: Backend, act: Act, script: Script = GREETS) -> Call:
    """Have the caller greeted, then act, then hang up."""

    async def plot(phone_call: Call) -> None:
        await sleep(0.3)
        await phone_call.speak(1.0)
        await sleep(8.0)
        await act(phone_call)
        phone_call.phone.hang_up()

    async def conversation() -> Call:
        async with call(script) as phone_call:
            await phone_call.hold(plot)
        return phone_call

    return run_virtually(backend, conversation)


def names(model: Realtime) -> list[str]:
    return [entry.item_id for entry in model.history]


def test_an_item_comes_back_with_its_audio(backend: Backend) -> None:
    async def act(phone_call: Call) -> None:
        items = phone_call.model.items
        user, agent = names(phone_call.model)
        heard = items.audio_of(await items.retrieve(user))
        said = items.audio_of(await items.retrieve(agent))
        assert 0.9 < heard.duration < 2.5
        entry = phone_call.model.history.find(agent)
        assert entry is not None
        assert said.duration == pytest.approx(entry.seconds, abs=0.05)
        assert entry.seconds > 1

    assert after_a_greeting(backend, act).faults == []


def test_a_deleted_item_is_in_neither_memory(backend: Backend) -> None:
    async def act(phone_call: Call) -> None:
        model = phone_call.model
        user, agent = names(model)
        await model.items.delete(agent)
        assert names(model) == [user]
        assert [entry.item_id for entry in model.items] == [user]
        assert len(model.items) == 1
        with pytest.raises(ItemRefused) as caught:
            await model.items.retrieve(agent)
        assert caught.value.code == "item_retrieve_invalid_item_id"
        assert caught.value.item_id == agent
        assert "`Realtime.history` has those that are" in str(caught.value)

    assert after_a_greeting(backend, act).faults == []


def test_a_truncated_item_keeps_what_the_program_says_was_heard(
    backend: Backend,
) -> None:
    async def act(phone_call: Call) -> None:
        items = phone_call.model.items
        _, agent = names(phone_call.model)
        entry = phone_call.model.history.find(agent)
        assert entry is not None
        was, half = items.tokens, entry.seconds / 2
        await items.truncate(agent, half)
        assert entry.seconds == pytest.approx(half, abs=0.001)
        assert entry.played == "Good evening, what can"
        assert items.tokens < was
        assert entry.text.endswith("today?")
        kept = items.audio_of(await items.retrieve(agent))
        assert kept.duration == pytest.approx(half, abs=0.01)
        with pytest.raises(ItemRefused) as caught:
            await items.truncate(agent, 0.1)
        assert caught.value.code == "item_already_truncated"
        with pytest.raises(ValueError, match="expected 0 s or more"):
            await items.truncate(agent, -1)

    assert after_a_greeting(backend, act).faults == []


def test_an_item_is_created_where_the_program_wants_it(backend: Backend) -> None:
    def note(text: str) -> dict[str, object]:
        part = {"type": "input_text", "text": text}
        return {"type": "message", "role": "system", "content": [part]}

    async def act(phone_call: Call) -> None:
        model = phone_call.model
        user, agent = names(model)
        last = await model.items.create(note("last"))
        first = await model.items.create(note("first"), after="root")
        middle = await model.items.create(note("middle"), after=user)
        assert [first.item_id, user, middle.item_id, agent, last.item_id] == names(
            model
        )
        assert (first.role, first.text) == ("system", "first")
        with pytest.raises(ItemRefused) as caught:
            await model.items.create(note("lost"), after="item_of_a_dream")
        assert caught.value.param == "previous_item_id"
        with pytest.raises(ItemRefused, match=r"item\.content"):
            await model.items.create({"type": "message", "role": "system"})

    assert after_a_greeting(backend, act).faults == []


def test_an_edit_of_a_session_that_has_ended_is_lost(backend: Backend) -> None:
    async def act(phone_call: Call) -> None:
        kept.append(phone_call.model.items)

    kept: list[Items] = []
    after_a_greeting(backend, act)

    async def too_late() -> None:
        with pytest.raises(SessionLost, match="the conversation is over"):
            await kept[0].delete("item_1")

    run_virtually(backend, too_late)


def test_a_service_that_says_nothing_is_given_up(backend: Backend) -> None:
    async def conversation() -> None:
        bench = Bench()  # its service says what a test has it say
        items = Items(
            bench.conversation, PCM_24K, lambda: None, unmoved, bench.faults.append
        )
        with pytest.raises(TransportError, match=f"none within {ANSWER_TIMEOUT:.0f} s"):
            await items.delete("item_1")
        (order,) = bench.sent(DELETE)
        bench.refuses("item_delete_invalid_item_id", order["event_id"])  # too late

    run_virtually(backend, conversation)


def test_a_long_item_has_longer_to_come(backend: Backend) -> None:
    async def conversation() -> None:
        bench = Bench()
        items = Items(
            bench.conversation, PCM_24K, lambda: None, unmoved, bench.faults.append
        )
        began = current_time()
        with pytest.raises(TransportError, match="none within 60 s"):
            await items.retrieve("item_1")
        assert current_time() - began == pytest.approx(RETRIEVE_TIMEOUT)

    run_virtually(backend, conversation)


# --- summaries


@tool
async def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: where.
    """
    return f"sunny in {city}"


LONG = "This is a rather long answer, as the model likes to explain things at length."
TALK = Script(
    replies=[
        Line(say=f"{LONG} One."),
        Line(calls=[CallTool(name="weather", arguments={"city": "Rome"})]),
        Line(say=f"{LONG} Two."),
        Line(say=f"{LONG} Three."),
    ],
    out_of_band=[Line(say="They like Rome.")],
    timing=QUICK,
)


def talk(backend: Backend, act: Act, script: Script = TALK) -> Call:
    """Three questions in writing, one of them with a tool, then act."""

    async def plot(phone_call: Call) -> None:
        for question in ("Who are you?", "How is the weather?", "And tomorrow?"):
            await phone_call.model.send_text(question).turn.over()
            await sleep(12.0)
        await act(phone_call)
        phone_call.phone.hang_up()

    async def conversation() -> Call:
        async with call(script, tools=[weather]) as phone_call:
            await phone_call.hold(plot)
        return phone_call

    return run_virtually(backend, conversation)


def test_old_turns_are_summarised_away_and_the_last_one_stays(
    backend: Backend,
) -> None:
    async def act(phone_call: Call) -> None:
        model = phone_call.model
        before = list(model.history)
        assert [entry.kind for entry in before] == [
            *("message", "message", "message", "function_call"),
            *("function_call_output", "message", "message", "message"),
        ]
        was = model.items.tokens
        made = await model.items.summarise(was // 2)
        assert isinstance(made, Summary)
        assert made.text == "They like Rome."
        assert model.items.tokens <= was // 2
        after = list(model.history)
        assert [entry.role for entry in after] == ["system", "user", "agent"]
        assert after[0].item_id == made.item_id
        assert after[0].text.endswith("They like Rome.")
        assert [e.item_id for e in after[1:]] == [e.item_id for e in before[-2:]]
        assert made.replaced == tuple(e.item_id for e in before[:-2])
        assert await model.items.summarise(was) is None  # it fits already
        assert await model.items.summarise(50) is not None  # of the summary, once more
        assert "Rome" not in repr(made)

    assert talk(backend, act).faults == []


def test_a_summary_waits_until_nobody_speaks(backend: Backend) -> None:
    async def act(phone_call: Call) -> None:
        model = phone_call.model
        reply = model.say(LONG)
        await sleep(1.0)
        made = await model.items.summarise(200)
        assert made is not None
        assert reply.turn.is_over
        assert model.history.find(made.item_id) is not None

    assert talk(backend, act).faults == []


def test_without_a_summary_nothing_is_changed(backend: Backend) -> None:
    async def act(phone_call: Call) -> None:
        before = names(phone_call.model)
        with pytest.raises(NoSummary, match="failed: server_error"):
            await phone_call.model.items.summarise(100)
        assert names(phone_call.model) == before
        with pytest.raises(ValueError, match="a budget in tokens"):
            await phone_call.model.items.summarise(0)

    script = TALK.model_copy(update={"out_of_band": (Line(fails=Failure()),)})
    talk(backend, act, script)


def test_a_conversation_can_be_kept_within_a_budget(backend: Backend) -> None:
    sizes: list[int] = []

    fails = Line(fails=Failure())
    script = TALK.model_copy(update={"out_of_band": (fails, *TALK.out_of_band)})

    async def conversation() -> None:
        async with call(script, tools=[weather]) as phone_call:
            model = phone_call.model

            async def plot(phone_call: Call) -> None:
                for _ in range(6):
                    await model.send_text("Tell me more.").turn.over()
                    await sleep(12.0)
                    sizes.append(model.items.tokens)
                phone_call.phone.hang_up()

            async with create_task_group() as tasks:  # it ends with the conversation
                tasks.start_soon(model.items.keep_within, 300)
                await phone_call.hold(plot)
        assert [fault for fault in phone_call.faults if "summar" in fault] == [
            "old turns could not be summarised: the summary is failed: server_error"
        ]

    run_virtually(backend, conversation)
    assert max(sizes) < 500
    assert len(sizes) == 6


def test_a_summary_does_not_outlive_the_conversation(backend: Backend) -> None:
    bench = Bench()
    items = Items(
        bench.conversation, PCM_24K, lambda: None, unmoved, bench.faults.append
    )
    content = [{"type": "input_text", "text": LONG}]
    body = {"id": "item_1", "type": "message", "role": "user", "content": content}
    bench.says("conversation.item.added", item=body, previous_item_id=None)
    bench.started()  # and the caller never stops

    async def summarise() -> None:
        with pytest.raises(SessionLost, match="it is over"):
            await items.summarise(10)

    async def conversation() -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(summarise)
            tasks.start_soon(items.keep_within, 10)
            await sleep(30)
            bench.conversation.end("it is over")

    run_virtually(backend, conversation)
    assert bench.faults == []


def test_a_caller_who_speaks_meanwhile_is_not_disturbed_by_a_summary(
    backend: Backend,
) -> None:
    events = Probe()

    async def conversation() -> None:
        slow = TALK.out_of_band[0].model_copy(update={"wait_ms": 1500.0})
        script = TALK.model_copy(update={"out_of_band": (slow,)})
        async with call(
            script,
            tools=[weather],
            routes=lambda c: [c.model.events >> events.input],
        ) as phone_call:
            model = phone_call.model

            async def plot(phone_call: Call) -> None:
                await model.send_text("Who are you?").turn.over()
                await model.send_text("And now?").turn.over()
                await sleep(20)
                async with create_task_group() as tasks:
                    tasks.start_soon(model.items.summarise, 60)
                    await sleep(0.5)
                    await phone_call.speak(2.0)
                    await sleep(20)
                phone_call.phone.hang_up()

            await phone_call.hold(plot)

    run_virtually(backend, conversation)
    told = [frame.event for frame in events.frames]
    kinds = [event.type for event in told]
    noted = next(
        number
        for number, event in enumerate(told)
        if isinstance(event, ItemEvent) and event.item.role == "system"
    )
    # The caller began while it was written, and was answered before it was put in.
    began = kinds.index("input_audio_buffer.speech_started")
    assert began < noted < kinds.index("conversation.item.deleted")
    assert kinds[began:noted].count("response.done") == 2
