"""Running a whole pipeline with a limit, and cancelling at any step."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import sleep_forever
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import Input, Output, Pipeline, Processor, SpeechStarted
from voxpipe.pipeline.testing import (
    Probe,
    Source,
    cancelled_at,
    run_virtual,
    run_within,
)


class Deaf(Processor):
    """Reads nothing, and does not end."""

    input = Input[Any]()

    async def run(self) -> None:
        await sleep_forever()


def test_a_pipeline_that_ends_in_time_is_no_news() -> None:
    source, probe = Source([SpeechStarted(at=1.0)]), Probe()
    run_virtual(run_within, 5, Pipeline(source.output >> probe.input))
    assert probe.frames == [SpeechStarted(at=1.0)]


def test_a_pipeline_that_does_not_end_says_who_still_ran_and_what_was_not_read() -> (
    None
):
    source, deaf, probe = Source([SpeechStarted(at=1.0)] * 3), Deaf(), Probe()
    pipeline = Pipeline(source.output >> deaf.input, source.output >> probe.input)
    with pytest.raises(TimeoutError) as caught:
        run_virtual(run_within, 2.5, pipeline)
    assert (
        str(caught.value) == "after 2.5 s there still ran deaf; unread: deaf.input (3)"
    )


async def test_every_step_can_be_the_last() -> None:
    reached: list[int] = []

    async def four_steps() -> None:
        reached.append(0)
        for number in range(1, 5):
            await checkpoint()
            reached[-1] = number

    step = 0
    while await cancelled_at(step, four_steps):
        step += 1
    # Which of two tasks goes first in a step, trio leaves to chance.
    assert all(abs(number - step) <= 1 for step, number in enumerate(reached[:-1]))
    assert 3 <= step <= 5
    assert reached[-1] == 4


async def test_what_has_ended_cannot_be_cancelled() -> None:
    async def nothing() -> None:
        return

    assert not await cancelled_at(100, nothing)


async def test_an_error_comes_out_and_not_the_cancellation() -> None:
    class Broken(Processor):
        output = Output[Any]()

        async def run(self) -> None:
            raise ValueError("broken")

    broken, probe = Broken(), Probe()
    with pytest.RaisesGroup(ValueError):
        await cancelled_at(100, Pipeline(broken.output >> probe.input).run)
