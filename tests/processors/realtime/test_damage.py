"""Whatever event of the service is damaged: all ends have an end, and the talk goes on.

The conversation has everything that waits for the service: replies of all kinds, a
tool, a hosted tool, an update, edits of items; a second one is carried by the service.
One event of one type is damaged. Then everything that was asked for has its outcome,
and what is asked for next is answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache, partial

import pytest
from anyio import create_task_group, fail_after, sleep

from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import (
    Realtime,
    ServerVad,
    Service,
    Settings,
    open_session,
)
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.hosted_mcp import HostedMcp
from voxpipe.processors.realtime.protocol.conversation import Conversation
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, McpTools, Script, When
from voxpipe.transports import MemoryPhone

from .call import QUICK, Call, simulated, speech
from .carried import carried
from .damage import WHOLE, Damage, Damaged, Damaging, Json, dropped, fields_of, wrong
from .handles import LONGEST, Handles
from .hosted import SHOP, TRUSTED
from .loops import BACKENDS, Backend, run_virtually

LONG = "It is sunny there, as it always is, and it will stay so for the whole week."
SCRIPT = Script(
    replies=[
        Line(say="Good evening."),
        Line(heard="Weather?", calls=[CallTool(name="weather")]),
        Line(say=LONG),
        Line(heard="Stop!", unintelligible=True, say="All right."),
        Line(calls=[CallTool(name="orders", arguments={"of": "Ada"})]),
        Line(say="One book."),
        Line(calls=[CallTool(name="fails", arguments={"of": "Ada"})]),
        Line(say="As you like."),
    ],
    out_of_band=[Line(say="They like Rome.")],
    when=[When(text="still there", say="I am here.")],
    then="repeat",
    timing=QUICK,
    mcp=[SHOP, McpTools(label="closed", fails=True)],
)
SERVERS = [
    TRUSTED,
    HostedMcp(label="closed", url="https://closed.example/mcp"),
]
NOTE = {
    "type": "message",
    "role": "system",
    "content": [{"type": "input_text", "text": "They are in a hurry."}],
}
SILENCE = PCM_24K.silence(0.8)


@tool
async def weather() -> str:
    """Tell the weather."""
    return "sunny"


async def finished(model: Realtime, handles: Handles) -> None:
    """All that was held has its end, and what is asked for now is answered."""
    await handles.all_ended()
    with fail_after(LONGEST):
        outcome = await model.send_text("Are you still there?").outcome()
    assert (outcome.status, outcome.text) == ("completed", "I am here.")
    # Which is not done before nobody speaks.
    handles.hold("summary", partial(model.items.summarise, 1))
    await handles.all_ended()


async def talk(call: Call, silence: float) -> None:
    model, items = call.model, call.model.items
    async with create_task_group() as tasks:
        handles = Handles(tasks)
        handles.hold("update", model.update(instructions="Be kind.").accepted)
        handles.hold("greeting", model.send_text("Hello?").outcome)
        await sleep(3.0)
        for _ in range(2):  # a question, and then into the answer
            await call.phone.play(speech(0.5) + SILENCE)
            await sleep(2.0)
        await sleep(2.0)
        handles.hold("aside", model.aside("What do they like?").outcome)
        handles.hold("hosted", model.send_text("What have I ordered?").outcome)
        handles.hold("create", partial(items.create, NOTE))
        await sleep(8.0)
        spoken = [e.item_id for e in items if e.seconds and e.played is None]
        if spoken:
            handles.hold("truncate", partial(items.truncate, spoken[0], 0.2))
            handles.hold("retrieve", partial(items.retrieve, spoken[-1]))
        if len(items):
            first = next(iter(items)).item_id
            handles.hold("delete", partial(items.delete, first))
        handles.hold("refused", partial(items.delete, "item_none"))
        handles.hold("failing", model.send_text("And from the other shop?").outcome)
        await call.phone.play(
            PCM_24K.silence(silence)
        )  # which is how the service waits
        handles.hold("again", model.update(instructions="Be brief.").accepted)
        await finished(model, handles)
    call.phone.hang_up()


async def held(kind: str, damage: Damage, idle_ms: int | None = None) -> Damaged:
    """A conversation in which one event is damaged, as it went over the wire."""
    damaging = Damaging(simulated(SCRIPT), kind, damage)
    router = ToolRouter([weather])
    async with open_session(
        connect=damaging,
        service=Service(api_key="sk-test"),
        tools=router.schemas,
        mcp=SERVERS,
        transcription="gpt-transcribe",
        turn_detection=ServerVad(idle_ms=idle_ms),
    ) as session:
        call = Call(Realtime(session), router, phone=MemoryPhone(PCM_24K))
        damaging.connection.armed = True
        async with create_task_group() as tasks:
            tasks.start_soon(talk, call, (idle_ms or 0) / 500)
            assert await call.pipeline.run(deadline=9 * LONGEST) == "finished"
    return damaging.connection


def held_idle(kind: str, damage: Damage) -> Awaitable[Damaged]:
    """The same with a caller who is asked whether they are there still."""
    return held(kind, damage, idle_ms=6_000)


ACCEPTED = Settings(transcription="gpt-transcribe")
CALLED = Script(
    replies=[
        Line(say="Good evening."),
        Line(heard="Weather?", say=LONG),
        Line(heard="Stop!", say="All right."),
        Line(say="As you like."),
    ],
    out_of_band=[Line(say="They like Rome.")],
    when=[When(text="still there", say="I am here.")],
    then="repeat",
    timing=QUICK,
)


async def held_elsewhere(kind: str, damage: Damage) -> Damaged:
    """The same of a call that the service carries."""
    keys = Probe()
    async with carried(CALLED, ACCEPTED) as call:
        connect = Damaging(call.connect, kind, damage)
        async with (
            open_session(
                call_id="rtc_u1_1",
                service=Service(api_key="sk-test"),
                connect=connect,
            ) as session,
            create_task_group() as tasks,
        ):
            connect.connection.armed = True
            model, handles = Realtime(session), Handles(tasks)
            pipeline = Pipeline(model.pressed >> keys.input)
            tasks.start_soon(pipeline.run)
            handles.hold("greeting", model.send_text("Hello?").outcome)
            call.pump.press("1", 1_790_000_000)
            await sleep(4.0)
            for _ in range(2):
                await call.pump.say(speech(0.6) + SILENCE)
                await sleep(2.0)
            await sleep(8.0)
            await finished(model, handles)
            call.pump.hang_up()
    return connect.connection


# --- what is there to be damaged

HANDLED = sorted(
    {
        kind
        for settings in (Settings(), Settings(call_id="rtc_u1_1"))
        for kind in Conversation(settings)._handlers()  # pyright: ignore[reportPrivateUsage]
    }
    | {"response.output_audio.delta"}
)


@cache
def events_of(scene: Callable[[str, Damage], Awaitable[Damaged]]) -> dict[str, Json]:
    """The first event of each type in an undamaged conversation."""
    connection = run_virtually("trio", scene, "", dropped)
    return connection.seen


def scene_of(kind: str) -> Callable[[str, Damage], Awaitable[Damaged]]:
    """The conversation that has events of this type."""
    scenes = (held, held_elsewhere, held_idle)
    return next((each for each in scenes if kind in events_of(each)), held)


def damaged(kind: str, damage: Damage, backend: Backend) -> None:
    connection = run_virtually(backend, scene_of(kind), kind, damage)
    assert connection.struck, f"nothing of the type {kind}"


DAMAGES = ("dropped", "halved", "nameless")
DAMAGED = [
    # Each event once, and the damages in turn; the others with what is slow.
    pytest.param(kind, damage, marks=() if at % 3 == which else pytest.mark.slow)
    for at, kind in enumerate(HANDLED)
    for which, damage in enumerate(DAMAGES)
]


@pytest.mark.parametrize(("kind", "damage"), DAMAGED)
def test_an_event_can_be_lost_or_unreadable(kind: str, damage: str) -> None:
    backend = BACKENDS[HANDLED.index(kind) % 2]  # below, each meets the other
    damaged(kind, WHOLE[damage], backend)


@pytest.mark.slow
@pytest.mark.parametrize("kind", HANDLED)
def test_half_of_an_event_is_no_event(kind: str) -> None:
    for backend in BACKENDS:
        damaged(kind, WHOLE["cut"], backend)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["dropped", "halved", "nameless"])
@pytest.mark.parametrize("kind", HANDLED)
def test_the_same_on_the_other_loop(kind: str, damage: str) -> None:
    damaged(kind, WHOLE[damage], BACKENDS[1 - HANDLED.index(kind) % 2])


@pytest.mark.slow
@pytest.mark.parametrize("kind", HANDLED)
def test_any_field_of_an_event_can_be_of_another_type(kind: str) -> None:
    for at, path in enumerate(fields_of(events_of(scene_of(kind))[kind])):
        damaged(kind, wrong(path), BACKENDS[at % 2])
