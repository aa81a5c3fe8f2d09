"""A conversation can be cancelled at any step: it ends at once and leaves nothing.

Every step of the event loop is a place where the plug can be pulled, so a step here is
finer than a checkpoint. The conversation opens its session, is greeted, asks something
that needs a tool, is answered, interrupts the answer, and hangs up.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio import (
    CancelScope,
    create_task_group,
    current_time,
    get_running_tasks,
    sleep,
)

from voxpipe.pipeline import AudioFormat, Pipeline
from voxpipe.pipeline.runtime.timer import timers
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.audio import Resample
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.processors.vad import Vad
from voxpipe.simulator import CallTool, Line, Script, Timing
from voxpipe.transports import MemoryPhone

from .processors.realtime.call import simulated, speech
from .processors.realtime.loops import BACKENDS, Backend, Steps, run_virtually

FIRST = 200  # steps, each of which is tried
SAMPLES = 20  # of all
BATCH = 20  # conversations between two looks at everything that may be left
PATIENCE = 5.0  # seconds for ending

PHONE = AudioFormat("pcm16", 16_000)
SCRIPT = Script(
    replies=(
        Line(heard="Open?", calls=(CallTool(name="opening_hours"),)),
        Line(say="Today we are open from {result}, all through the night."),
        Line(heard="Thanks!", say="Bye."),
    ),
    timing=Timing(
        first_audio_ms=20,
        first_text_ms=10,
        text_token_ms=0,
        transcription_ms=40,
        rate_limits_ms=0,
        speed=20,
    ),
)


@tool
async def opening_hours() -> str:
    """Tell when we are open."""
    await sleep(0.05)
    return "six"


async def conversation() -> Realtime:
    """Two seconds, in which everything happens."""
    router = ToolRouter([opening_hours])
    async with open_session(
        service=Service(api_key="sk-test"),
        connect=simulated(SCRIPT),
        turn_detection="local",
        tools=router.schemas,
    ) as session:
        model, phone = Realtime(session), MemoryPhone(PHONE)
        vad = Vad(hangover=0.1)
        heard = phone.heard >> vad >> Resample(24_000)
        pipeline = Pipeline(
            heard >> model.hears,
            model.says >> Resample(16_000) >> phone.speaks,
            model.calls >> router.calls,
            router.results >> model.results,
        )
        async with create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            model.say("Yes?")
            await sleep(0.4)
            for _ in range(2):  # a question; and another into the middle of the answer
                await phone.play(speech(0.25, PHONE) + bytes(PHONE.bytes_in(0.15)))
                await sleep(0.45)
            phone.hang_up()
    return model


async def length(steps: Steps) -> int:
    """How many steps a whole conversation has."""
    steps.reset(0, lambda: None)
    await conversation()
    return steps.count


async def cancel_at(steps: Steps, numbers: Sequence[int]) -> None:
    """Hold the conversation once for each number, and cancel it at that step."""
    for first in range(0, len(numbers), BATCH):
        async with no_leaks():
            for number in numbers[first : first + BATCH]:
                await cancel_once(steps, number)


async def cancel_once(steps: Steps, number: int) -> None:
    clock = timers()  # on trio a task, which stays as long as the loop
    tasks, pulled = running(), list[float]()

    with CancelScope() as scope:

        def pull() -> None:
            pulled.append(clock.now())  # outside of every task
            scope.cancel()

        steps.reset(number, pull)
        await conversation()
    assert pulled, f"the conversation was over before step {number}"
    took = current_time() - pulled[0]
    assert took < PATIENCE, f"cancelled at step {number}, it took {took:g} s to end"
    assert running() == tasks, f"cancelled at step {number}, it left tasks behind"


def running() -> set[int]:
    return {task.id for task in get_running_tasks()}


def steps_of(backend: Backend) -> int:
    steps = Steps()
    return run_virtually(backend, length, steps, steps=steps)


def try_all(backend: Backend, numbers: Sequence[int]) -> None:
    steps = Steps()
    run_virtually(backend, cancel_at, steps, numbers, steps=steps)


@pytest.mark.parametrize("backend", BACKENDS)
def test_everything_happens_in_the_conversation(backend: Backend) -> None:
    """Or cancelling it would prove little."""
    model = run_virtually(backend, conversation)
    said = [(entry.role, entry.text, entry.played) for entry in model.history]
    greeting, question, call, result, answer, thanks, goodbye = said
    assert greeting == ("agent", "Yes?", None)
    assert question == ("user", "Open?", None)
    assert (call[:2], result[:2]) == (("tool", "{}"), ("tool", "six"))
    assert answer[0] == "agent"
    assert answer[2] is not None, "nobody has interrupted"
    assert 0 < len(answer[2]) < len(answer[1])
    assert thanks == ("user", "Thanks!", None)
    assert goodbye[:2] == ("agent", "Bye.")
    assert steps_of(backend) > 2 * FIRST


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_cancelled_at_each_of_its_first_steps(backend: Backend) -> None:
    try_all(backend, range(1, FIRST + 1))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "samples", [SAMPLES, pytest.param(3 * SAMPLES, marks=pytest.mark.slow)]
)
def test_cancelled_at_samples_of_all_its_steps(backend: Backend, samples: int) -> None:
    last = steps_of(backend) - 10  # how long the end takes is not the same every time
    try_all(backend, range(1, last, last // samples))


@pytest.mark.soak
@pytest.mark.parametrize("backend", BACKENDS)
def test_cancelled_at_every_step(backend: Backend) -> None:
    try_all(backend, range(1, steps_of(backend) - 10))
