"""A call in memory can be cancelled at any step of the loop, and leaves nothing."""

from __future__ import annotations

import pytest
from anyio import CancelScope, current_time

from voxpipe.pipeline.runtime.timer import timers
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.telephony.testing import answered

from ....processors.realtime.loops import (
    BACKENDS,
    Backend,
    Steps,
    run_virtually,
)
from .agents import greeter, speech

FIRST = 60  # steps, each of which is tried
SAMPLES = 60  # of the rest
BATCH = 20  # calls between two looks at everything that may be left
PATIENCE = 5.0  # seconds for a call of one, and for ending
WORD = speech(0.1)


async def call() -> None:
    async with answered(greeter) as caller:
        await caller.interrupt(WORD, after=0.1)
        caller.press("1")
        await caller.listen(pause=0.1)


async def cancel_everywhere(steps: Steps) -> None:
    steps.reset(-1, lambda: None)
    await call()
    length = steps.count
    timers()  # on trio a task, which stays as long as the loop
    # On trio no two calls have quite the same number of steps.
    rest = range(FIRST, length * 9 // 10, length // SAMPLES)
    numbers = (*range(1, FIRST), *rest)
    for first in range(0, len(numbers), BATCH):
        async with no_leaks():
            for number in numbers[first : first + BATCH]:
                await cancel_once(steps, number)


async def cancel_once(steps: Steps, number: int) -> None:
    begun = current_time()
    with CancelScope() as scope:
        steps.reset(number, scope.cancel)
        await call()
    assert scope.cancel_called, number
    assert current_time() - begun < PATIENCE, number


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_call_can_be_cancelled_at_any_step(backend: Backend) -> None:
    steps = Steps()
    run_virtually(backend, cancel_everywhere, steps, steps=steps)
