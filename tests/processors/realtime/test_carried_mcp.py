"""A call that the service carries, with MCP servers that the service calls."""

from __future__ import annotations

import pytest
from anyio import create_task_group, sleep

from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Realtime, Service, Settings, open_session
from voxpipe.processors.realtime.hosted_mcp import Approvals, HostedMcp, McpApproval
from voxpipe.simulator import Line

from .carried import carried
from .hosted import calling, script, told
from .loops import BACKENDS, Backend, run_virtually

ACCEPTED = Settings(mcp=[HostedMcp(label="shop", url="https://shop.example/mcp")])


@pytest.mark.parametrize("backend", BACKENDS)
def test_whoever_joins_approves_calls_and_hears_what_came_of_them(
    backend: Backend,
) -> None:
    async def agree(request: McpApproval) -> bool:
        return request.tool == "refund"

    news, said = Probe(), Probe()

    async def scene() -> None:
        answers = script(calling("refund", heard=""), Line(say="Done: {result}."))
        async with (
            carried(answers, ACCEPTED) as call,
            open_session(
                call_id="rtc_u1_1",
                service=Service(api_key="sk-test"),
                connect=call.connect,
            ) as session,
            create_task_group() as tasks,
        ):
            model, approvals = Realtime(session), Approvals(agree)
            pipeline = Pipeline(
                model.mcp >> approvals.requests,
                approvals.decisions >> model.results,
                model.mcp >> news.input,
                model.transcripts >> said.input,
            )
            tasks.start_soon(pipeline.run)
            await sleep(1.0)
            model.send_text("I want my money back.")
            await sleep(10.0)
            call.pump.hang_up()

    run_virtually(backend, scene)
    happened = ["McpApproval", "refund running", "refund completed"]
    assert told(news.frames)[-3:] == happened
    assert said.frames[-1].text.startswith("Done: ")
