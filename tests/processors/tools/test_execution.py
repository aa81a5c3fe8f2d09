"""Who keeps a pipeline from ending is named, also when all of it was cancelled."""

from __future__ import annotations

import logging

import pytest
from anyio import get_cancelled_exc_class, move_on_after, sleep_forever

from voxpipe.pipeline import Pipeline, ToolCall
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.tools import ToolRouter, tool

from ..realtime.loops import BACKENDS, Backend, run_virtually


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tool_that_swallows_the_end_of_its_pipeline_is_named(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    @tool
    async def stubborn() -> str:
        """Do something."""
        try:
            await sleep_forever()
        except get_cancelled_exc_class():
            with move_on_after(10, shield=True):  # virtual
                await sleep_forever()
        return "too late"

    async def scene() -> None:
        with move_on_after(1):
            await Pipeline(
                source.output >> router.calls, router.results >> probe.input
            ).run()

    call = ToolCall(call_id="call_1", name="stubborn", arguments="{}")
    source, router, probe = Source([call]), ToolRouter([stubborn]), Probe()
    caplog.set_level(logging.WARNING)
    run_virtually(backend, scene)
    (complaint,) = [each for each in caplog.messages if "swallows" in each]
    assert complaint.startswith("the tool stubborn swallows its cancellation")
