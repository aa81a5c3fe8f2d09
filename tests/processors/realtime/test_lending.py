"""A session is lent to one box at a time, while it is open; nobody waits in vain."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from anyio import create_task_group, sleep

from voxpipe.pipeline import (
    AudioFrame,
    Pipeline,
    SessionLost,
    VoxpipeError,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.transcription import Transcribe, open_transcription
from voxpipe.processors.realtime.translation import Translate, open_translation
from voxpipe.simulator import simulated

from .loops import BACKENDS, Backend, run_virtually

both_loops = pytest.mark.parametrize("backend", BACKENDS)


def talk(model: Realtime) -> Pipeline:
    return Pipeline(silence(0.5).output >> model.hears, model.says >> Probe().input)


def note(transcribe: Transcribe) -> Pipeline:
    words = transcribe.transcripts >> Probe().input
    return Pipeline(silence(0.5).output >> transcribe.hears, words)


def interpret(translate: Translate) -> Pipeline:
    said = translate.says >> Probe().input
    return Pipeline(silence(0.5).output >> translate.hears, said)


def silence(seconds: float) -> Source:
    frame = AudioFrame(data=PCM_24K.silence(seconds), format=PCM_24K)
    return Source([frame], pace="real time")


def conversation() -> AbstractAsyncContextManager[Any]:
    return open_session(connect=simulated())


def dictation() -> AbstractAsyncContextManager[Any]:
    return open_transcription(connect=simulated())


def translation() -> AbstractAsyncContextManager[Any]:
    return open_translation(language="es", connect=simulated())


# Which of two comes first is the loop's to say.
NAMED = r"^(realtime2?): .* open one for each\nraised by the box '\1'$"
BOXES = [
    (conversation, Realtime, talk),
    (dictation, Transcribe, note),
    (translation, Translate, interpret),
]
Open = Callable[[], AbstractAsyncContextManager[Any]]
every_box = pytest.mark.parametrize(("opens", "box", "drawn"), BOXES)


@both_loops
@every_box
def test_a_session_that_is_lent_is_refused_before_anything_starts(
    backend: Backend, opens: Open, box: Any, drawn: Any
) -> None:
    async def scene() -> None:
        async with opens() as session, create_task_group() as tasks:
            tasks.start_soon(drawn(box(session)).run)
            await sleep(0.1)
            with pytest.raises(WiringError, match="lent to another box that runs: op"):
                drawn(box(session))

    run_virtually(backend, scene)


@both_loops
def test_two_in_one_pipeline_are_refused_at_its_start(backend: Backend) -> None:
    async def scene() -> None:
        async with open_session(connect=simulated()) as session:
            one, other = Realtime(session), Realtime(session)
            caller = silence(60)
            pipeline = Pipeline(
                caller.output >> one.hears,
                caller.output >> other.hears,
                one.says >> Probe().input,
                other.says >> Probe().input,
            )
            with pytest.raises(WiringError, match=NAMED):
                await pipeline.run()

    run_virtually(backend, scene)


@both_loops
@every_box
def test_a_session_that_is_closed_is_refused(
    backend: Backend, opens: Open, box: Any, drawn: Any
) -> None:
    async def scene() -> None:
        async with opens() as session:
            pipeline = drawn(box(session))
        with pytest.raises(WiringError, match="closed: run the pipeline within the"):
            await pipeline.run()
        with pytest.raises(WiringError, match="closed: run the pipeline within the"):
            drawn(box(session))

    run_virtually(backend, scene)


@both_loops
@every_box
def test_a_session_that_is_closed_while_its_pipeline_runs_is_told_as_ours(
    backend: Backend, opens: Open, box: Any, drawn: Any
) -> None:
    async def run(pipeline: Pipeline) -> None:
        with pytest.raises(SessionLost, match=r"closed here.*until Pipeline.run\(\)"):
            await pipeline.run()

    async def scene() -> None:
        async with create_task_group() as tasks, opens() as session:
            tasks.start_soon(run, drawn(box(session)))
            await sleep(0.1)

    run_virtually(backend, scene)


@both_loops
def test_a_conversation_can_go_on_with_another_box_and_not_with_the_same(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with open_session(connect=simulated()) as session:
            for model in (Realtime(session), Realtime(session)):
                reply = model.say("Hello.")
                await talk(model).run()
                assert (await reply.outcome()).status == "completed"
                with pytest.raises(WiringError, match="has run, and its conv"):
                    talk(model)

    run_virtually(backend, scene)


@both_loops
def test_a_translation_that_has_ended_has_closed_its_session(backend: Backend) -> None:
    async def scene() -> None:
        async with translation() as session:
            await interpret(Translate(session)).run()
            with pytest.raises(WiringError, match="open one for each run"):
                interpret(Translate(session))

    run_virtually(backend, scene)


# --- waiting for what only a run brings


@both_loops
def test_who_waits_for_a_reply_without_a_pipeline_is_told(backend: Backend) -> None:
    async def scene() -> None:
        async with open_session(connect=simulated()) as session:
            model = Realtime(session)
            for waiting in (
                model.say("Hello.").outcome,
                model.ask().outcome,
                model.send_text("Hello.").outcome,
                model.aside("A verdict.").outcome,
                model.aside("Aloud.", output_modalities=["audio"]).receive,
                model.update(instructions="Be brief.").accepted,
            ):
                with pytest.raises(VoxpipeError, match=r"start_soon\(pipeline.run\)"):
                    await waiting()

    run_virtually(backend, scene)


@both_loops
def test_who_waits_before_the_pipeline_starts_is_served(backend: Backend) -> None:
    async def scene() -> None:
        async with open_session(connect=simulated()) as session:
            model = Realtime(session)

            async def run_later() -> None:
                await sleep(5)
                await talk(model).run()

            async with create_task_group() as tasks:
                tasks.start_soon(run_later)
                outcome = await model.say("Hello.").outcome()
                assert outcome.status == "completed"

    run_virtually(backend, scene)


@both_loops
def test_a_reply_that_nobody_has_run_for_fails_when_the_session_is_closed(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with open_session(connect=simulated()) as session:
            reply = Realtime(session).say("Hello.")
        outcome = await reply.outcome()
        assert (outcome.status, outcome.reason) == ("failed", "the session was closed")
        assert await reply.turn.over() == "cut"

    run_virtually(backend, scene)
