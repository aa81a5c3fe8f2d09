from __future__ import annotations

import pytest
from anyio import (
    create_task_group,
    current_time,
    sleep,
)

from ....processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)
from .agents import speech
from .line import CLEAR, conversation, mark, media

virtual = pytest.mark.parametrize("backend", BACKENDS)


@virtual
def test_the_line_is_never_still(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (_, server):
            begun = current_time()
            await sleep(1.01)
            times = server.times_of("media")
        assert len(times) == 50
        assert times == pytest.approx([begun + (n + 1) / 50 for n in range(50)])

    run_virtually(backend, scene)


@virtual
def test_to_say_something_takes_as_long_as_it_takes(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, _):
            begun = current_time()
            assert await caller.say(speech(2))
            assert current_time() - begun == pytest.approx(2.0)
            assert caller.measured.utterances == 1

    run_virtually(backend, scene)


@virtual
def test_to_listen_is_to_wait_until_the_agent_has_been_silent_for_a_while(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server), create_task_group() as tasks:

            async def speak() -> None:
                await sleep(1.0)
                await server.send(media(0.5), media(0.5))
                await sleep(1.3)  # a breath of 0.3 s
                await server.send(media(0.5))

            tasks.start_soon(speak)
            begun = current_time()
            heard = await caller.listen()
            assert heard.duration == pytest.approx(1.5)
            assert current_time() - begun == pytest.approx(1.0 + 1.8 + 0.5)

    run_virtually(backend, scene)


@virtual
def test_two_replies_are_listened_to_one_by_one(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            await server.send(media(0.3))
            assert (await caller.listen()).duration == pytest.approx(0.3)
            await server.send(media(0.4))
            assert (await caller.listen()).duration == pytest.approx(0.4)

    run_virtually(backend, scene)


@virtual
def test_what_was_said_before_the_callers_last_word_is_no_answer_to_it(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            await server.send(media(0.3))
            await sleep(1)
            await caller.say(speech(1))
            await server.send(media(0.4))
            assert (await caller.listen()).duration == pytest.approx(0.4)

    run_virtually(backend, scene)


@virtual
def test_an_agent_that_says_nothing_is_waited_for_only_so_long(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            with pytest.raises(TimeoutError, match="nothing, or too little"):
                await caller.listen(timeout=2)
            with pytest.raises(TimeoutError, match="nothing, or too little"):
                await caller.interrupt(speech(1), timeout=2)
            await server.send(media(60))
            with pytest.raises(TimeoutError, match="did not come to an end"):
                await caller.listen(timeout=2)

    run_virtually(backend, scene)


@virtual
def test_an_interruption_gives_what_was_heard_until_the_clear(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server), create_task_group() as tasks:

            async def speak() -> None:
                await sleep(1.0)
                await server.send(media(5))
                await sleep(2.2)
                await server.send(CLEAR)

            tasks.start_soon(speak)
            cut = await caller.interrupt(speech(0.5), after=2.0)
            assert cut.duration == pytest.approx(2.2)
            assert list(caller.measured.clear_after) == [pytest.approx(0.2, abs=0.021)]
            await server.send(media(0.7))
            assert (await caller.listen()).duration == pytest.approx(0.7)

    run_virtually(backend, scene)


@virtual
def test_a_clear_that_comes_after_the_words_is_waited_for(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server), create_task_group() as tasks:

            async def speak() -> None:
                await server.send(media(5))
                await sleep(2.0)
                await server.send(CLEAR)

            tasks.start_soon(speak)
            cut = await caller.interrupt(speech(0.2), after=1.0)
            assert cut.duration == pytest.approx(2.0)

    run_virtually(backend, scene)


@virtual
def test_who_cannot_be_interrupted_is_heard_to_the_end(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            await server.send(media(3))
            cut = await caller.interrupt(speech(0.2), after=1.0)
            assert cut.duration == pytest.approx(3.0)
            assert not caller.measured.clear_after

    run_virtually(backend, scene)


@virtual
def test_marks_come_back_within_a_frame_of_what_was_played(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (_, server):
            begun = current_time()
            await server.send(media(0.11), mark("m"))
            await sleep(1)
            assert server.times_of("mark") == [pytest.approx(begun + 0.12)]

    run_virtually(backend, scene)


@virtual
def test_keys_and_rubbish_go_out_with_the_next_frame(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            begun = current_time()
            caller.press("12")
            caller.send_raw('{"event":"nonsense"}')
            await sleep(0.03)
            assert server.times_of("dtmf") == [pytest.approx(begun + 0.02)] * 2
            assert len(server.times_of("nonsense")) == 1

    run_virtually(backend, scene)


async def test_in_real_time_it_is_the_same() -> None:
    async with conversation() as (caller, server):
        await server.send(media(0.04), mark("m"))
        await caller.say(speech(0.1))
        await server.send(media(0.04))
        heard = await caller.listen(pause=0.02)
    assert heard.duration == pytest.approx(0.04)
    assert server.times_of("mark")
