"""Who waits for the end of a reply is told, also where nothing plays it."""

from __future__ import annotations

import pytest
from anyio import create_task_group, current_time

from voxpipe.pipeline import Pipeline, Turn, VoxpipeError
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.realtime.protocol.history import Entry
from voxpipe.simulator import Line, Script, ToneVoice, simulated

from ..loops import BACKENDS, Backend, run_virtually

SCRIPT = Script(replies=[Line(say="Six to eleven.")])


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_end_of_a_reply_is_not_waited_for_without_a_pipeline(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with open_session(connect=simulated(SCRIPT, ToneVoice())) as session:
            reply = Realtime(session).say("Good evening.")
            began = current_time()
            with pytest.raises(VoxpipeError, match="it has not been started"):
                await reply.turn.over()
            assert current_time() - began == pytest.approx(10)

    run_virtually(backend, scene)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_reply_that_nothing_plays_is_over_with_the_conversation(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with open_session(connect=simulated(SCRIPT, ToneVoice())) as session:
            model = Realtime(session)
            turn = model.say("Good evening.").turn
            async with create_task_group() as tasks:
                tasks.start_soon(note, turn)
                await Pipeline(
                    Source([]).output >> model.reads,
                    model.transcripts >> Probe().input,
                ).run()
            told.extend(model.history)

    async def note(turn: Turn) -> None:
        turns.append(await turn.over())

    turns, told = list[str](), list[Entry]()
    run_virtually(backend, scene)
    assert turns == ["cut"]
    # Nobody has interrupted it: its words stay as they were said.
    assert [(each.text, each.played) for each in told] == [("Good evening.", None)]
