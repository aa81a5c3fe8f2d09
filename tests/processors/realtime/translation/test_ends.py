"""How a translation ends: asked for, or not."""

from __future__ import annotations

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import (
    Pipeline,
    SessionLost,
)
from voxpipe.pipeline.testing import Probe, Source, no_leaks
from voxpipe.processors.realtime.translation import (
    Translate,
)

from ..call import speech
from ..loops import Backend, Steps, run_virtually
from .desk import WRITER, Heard, both_loops, frames, interpreter, served
from .service import FakeService


@both_loops
@pytest.mark.parametrize("end", ["goes", "closed"])
def test_an_end_that_nobody_asked_for_is_a_lost_session(
    backend: Backend, end: str
) -> None:
    async def conversation() -> None:
        service = FakeService()
        if end == "goes":
            service.goes()
        else:
            service.says("session.closed", event_id="event_1")
        async with no_leaks(), served(service) as session:
            translate, says = Translate(session), Probe()
            source = Source(frames(speech(30)), pace="real time")
            pipeline = Pipeline(
                source.output >> translate.hears, translate.says >> says.input
            )
            with pytest.raises(SessionLost):
                await pipeline.run()

    run_virtually(backend, conversation)


@both_loops
def test_the_hour_ends_the_session_and_the_run(backend: Backend) -> None:
    async def conversation() -> None:
        async with interpreter(lifetime=20) as session:
            translate = Translate(session)
            heard = Heard(translate)
            source = Source(frames(speech(60)), pace="real time")
            with pytest.raises(SessionLost) as lost:
                await Pipeline(source.output >> translate.hears, *heard.routes).run()
            assert lost.value.code == 1001
            assert translate.fault_count == 1  # session_expired, said before

    run_virtually(backend, conversation)


@both_loops
def test_words_that_come_after_the_speaker_has_gone_are_still_said(
    backend: Backend,
) -> None:
    async def conversation() -> None:
        service = FakeService()
        async with served(service) as session:
            translate = Translate(session)
            heard = Heard(translate)
            source = Source(frames(speech(0.2)))
            pipeline = Pipeline(source.output >> translate.hears, *heard.routes)
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                for delta in ("I am", " late", " but here"):
                    await sleep(9)  # less than the service may be silent
                    service.says("session.output_transcript.delta", delta=delta)
                    service.speaks(0.2)
                service.says("session.closed")
        assert service.asked[-1] == {"type": "session.close"}
        assert heard.final("agent") == ["I am late but here"]
        assert len(heard.says.frames) == 4
        assert translate.fault_count == 0

    run_virtually(backend, conversation)


@both_loops
def test_a_service_that_never_closes_is_not_waited_for(backend: Backend) -> None:
    async def conversation() -> None:
        service = FakeService()
        async with served(service) as session:
            translate = Translate(session)
            heard = Heard(translate)
            source = Source(frames(speech(0.2)))
            began = current_time()
            await Pipeline(source.output >> translate.hears, *heard.routes).run()
            assert current_time() - began == pytest.approx(10)
            assert translate.fault_count == 1

    run_virtually(backend, conversation)


@both_loops
def test_it_can_be_left_at_any_step(backend: Backend) -> None:
    async def conversation(step: int) -> None:
        async with no_leaks(), interpreter(transcription=WRITER) as session:
            translate = Translate(session)
            source = Source(frames(speech(0.3)))
            heard = Heard(translate)
            pipeline = Pipeline(source.output >> translate.hears, *heard.routes)
            async with create_task_group() as tasks:
                steps.reset(step, tasks.cancel_scope.cancel)
                await pipeline.run()
                tasks.cancel_scope.cancel()

    steps = Steps()
    for step in range(1, 900, 97):
        run_virtually(backend, conversation, step, steps=steps)
