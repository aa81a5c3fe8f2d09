"""Any one event of a whole conversation is damaged: what was spoken is heard.

What `test_damage` shows of the first event of each type, and of everything that waits,
is here shown of every event, and of the sound: each reply is heard wholly, but for what
was damaged of it, and for the one that the caller interrupts; no aside is heard.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections import defaultdict
from functools import cache

import pytest
from anyio import create_task_group, fail_after, sleep
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import Turn
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import (
    Realtime,
    Service,
    open_session,
)
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.config.turn_detection import Mode
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script, When
from voxpipe.transports import MemoryPhone

from .call import QUICK, Call, simulated, speech
from .damage import WHOLE, Damage, Damaging, Json, dropped, fields_of, wrong
from .handles import LONGEST, Handles
from .loops import BACKENDS, Backend, run_virtually

LONG = "It is sunny there, as it always is, and it will stay so for the whole week."
ASIDE = "They like Rome."
SCRIPT = Script(
    replies=[
        Line(say="Good evening."),
        Line(heard="Weather?", calls=[CallTool(name="weather")]),
        Line(say="It is sunny."),
        Line(heard="And tomorrow?", say=LONG),
        Line(heard="Stop!", say="All right."),
    ],
    out_of_band=[Line(say=ASIDE)],
    when=[When(text="still there", say="I am here.")],
    then="repeat",
    timing=QUICK,
)
SILENCE = PCM_24K.silence(0.8)
SECOND = PCM_24K.rate * 2  # in bytes
AUDIO, WORDS = "response.output_audio.delta", "response.output_audio_transcript.delta"


@tool
async def weather() -> str:
    """Tell the weather."""
    return "sunny"


class Talk:
    """A conversation in which one event is damaged.

    Args:
        turns: who owns the caller's.

    Attributes:
        told: the service's events, as they were before.
        early: how many of them had come before the last question was asked.
        struck: what was damaged.
        interrupted: replies that were not over when the caller spoke.
        heard: seconds of sound, by reply.
        ends: how what the program waited for has ended, by name.
    """

    def __init__(self, turns: Mode) -> None:
        self._turns: Mode = turns
        self.told: list[Json] = []
        self.early = 0
        self.struck: Json | None = None
        self.interrupted: set[str] = set()
        self._begun = Probe()
        self.heard: dict[str, float] = {}
        self.ends: dict[str, str] = {}

    async def hold(self, at: int, damage: Damage) -> None:
        """Hold it: the event after ``at`` others is damaged."""
        damaging = Damaging(simulated(SCRIPT), at, damage)
        router = ToolRouter([weather])
        async with open_session(
            connect=damaging,
            service=Service(api_key="sk-test"),
            tools=router.schemas,
            transcription="gpt-transcribe",
            turn_detection=self._turns,
        ) as session:
            connection = damaging.connection
            connection.armed, self.told = True, connection.told
            call = Call(
                Realtime(session),
                router,
                phone=MemoryPhone(PCM_24K),
                routes=lambda call: [call.model.turns >> self._begun.input],
            )
            async with create_task_group() as tasks:
                tasks.start_soon(self._plot, call)
                assert await call.pipeline.run(deadline=9 * LONGEST) == "finished"
        self.struck = connection.struck
        self.heard = {turn.id: turn.played for turn in self.begun}
        assert sum(self.heard.values()) == pytest.approx(call.played)

    @property
    def begun(self) -> list[Turn]:
        """The turns of all replies in the conversation."""
        return [start.of_turn for start in self._begun.frames]

    async def _plot(self, call: Call) -> None:
        model = call.model
        async with create_task_group() as tasks:
            handles = Handles(tasks)
            handles.hold("greeting", model.send_text("Hello?").outcome)
            await sleep(3.0)
            await self._say(call)  # a question, which a tool answers
            await sleep(4.0)
            await self._say(call)  # another,
            await sleep(1.0)
            await self._say(call)  # and into its answer
            await sleep(3.0)
            aside = model.aside("What do they like?", output_modalities=["audio"])
            handles.hold("aside", aside.outcome)
            await handles.all_ended()
            self.ends, self.early = handles.ends, len(self.told)
            with fail_after(LONGEST):
                reply = model.send_text("Are you still there?")
                assert (await reply.outcome()).status == "completed"
                assert await reply.turn.over() == "played"
        call.phone.hang_up()

    async def _say(self, call: Call) -> None:
        manual = self._turns == "manual"
        self.interrupted |= {turn.id for turn in self.begun if not turn.is_over}
        if manual:
            call.model.interrupt()
        await call.phone.play(speech(0.5) + SILENCE)
        if manual:
            call.model.end_turn()

    def check(self) -> None:
        """Whatever was to be heard was, and nothing else."""
        assert self.struck is not None
        spoken: dict[str, float] = defaultdict(float)
        lines: dict[str, str] = defaultdict(str)
        for event in self.told:
            if event["type"] == AUDIO:
                seconds = len(b64decode(event["delta"])) / SECOND
                spoken[event["response_id"]] += seconds
            elif event["type"] == WORDS:
                lines[event["response_id"]] += event["delta"]
        if self.struck["type"] == AUDIO:
            del spoken[self.struck["response_id"]]
        for reply, seconds in spoken.items():
            line, heard = lines[reply], self.heard.get(reply, 0.0)
            if line == ASIDE:
                assert not heard
            elif reply not in self.interrupted:
                assert heard == pytest.approx(seconds), line


def held(turns: Mode, at: int, damage: Damage, backend: Backend) -> Talk:
    talk = Talk(turns)
    run_virtually(backend, talk.hold, at, damage)
    return talk


@cache
def events_of(turns: Mode) -> list[Json]:
    """What there is to be damaged before the last question."""
    talk = held(turns, 0, unharmed, "trio")
    talk.check()
    assert len([each for each in talk.heard.values() if each]) == 5
    assert len(talk.interrupted) == 1
    return talk.told[: talk.early]


def unharmed(event: Json) -> tuple[str, ...]:
    return (json.dumps(event),)


def beginnings(turns: Mode) -> list[int]:
    """Where a reply begins."""
    types = [event["type"] for event in events_of(turns)]
    return [at for at, kind in enumerate(types) if kind == "response.created"]


TURNS: tuple[Mode, ...] = ("server", "manual")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("turns", TURNS)
def test_a_reply_is_heard_though_its_beginning_was_not_told(
    turns: Mode, backend: Backend
) -> None:
    for at in beginnings(turns):
        talk = held(turns, at, dropped, backend)
        talk.check()
        assert set(talk.ends.values()) == {"completed"}


@pytest.mark.parametrize("turns", TURNS)
def test_an_aside_is_not_heard_though_nobody_can_read_whose_it_is(turns: Mode) -> None:
    for at in beginnings(turns):
        held(turns, at, wrong(("response", "metadata")), BACKENDS[at % 2]).check()


@settings(max_examples=15)
@given(st.sampled_from(TURNS), st.data())
def test_any_event_can_be_damaged_in_any_way(turns: Mode, data: st.DataObject) -> None:
    events = events_of(turns)
    at = data.draw(st.integers(0, len(events) - 1))
    fields = map(wrong, fields_of(events[at]))
    damage = data.draw(st.sampled_from([*WHOLE.values(), *fields]))
    held(turns, at, damage, BACKENDS[at % 2]).check()


@pytest.mark.slow
@pytest.mark.parametrize("damage", WHOLE)
@pytest.mark.parametrize("turns", TURNS)
def test_every_event_can_be_lost_or_unreadable(turns: Mode, damage: str) -> None:
    first = [*WHOLE].index(damage) % 2  # every second, so that each is hit in some ways
    for at in range(first, len(events_of(turns)), 2):
        held(turns, at, WHOLE[damage], BACKENDS[at // 2 % 2]).check()


@pytest.mark.parametrize(
    ("every", "first"),
    [
        pytest.param(9, 4, marks=pytest.mark.slow, id="some"),
        *(pytest.param(9, each, marks=pytest.mark.soak) for each in range(9)),
    ],
)
@pytest.mark.parametrize("turns", TURNS)
def test_every_field_of_every_event_can_be_of_another_type(
    turns: Mode, every: int, first: int
) -> None:
    for at, event in enumerate(events_of(turns)):
        for path in [*fields_of(event)][(first + at) % every :: every]:
            held(turns, at, wrong(path), BACKENDS[at % 2]).check()
