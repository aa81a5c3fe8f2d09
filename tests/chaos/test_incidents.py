"""Incidents happen to an app that is led through a proxy, and it goes on."""

from __future__ import annotations

import pytest
from anyio import create_task_group, fail_after

from voxpipe.chaos import INCIDENTS, ChaosProxy, incidents
from voxpipe.chaos.incidents import again_and_again
from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.simulator import Simulator, ToneVoice
from voxpipe.transports import MemoryPhone


@pytest.mark.parametrize("name", INCIDENTS)
async def test_it_leaves_the_proxy_as_it_was(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("OUTAGE", "SLOW"):
        monkeypatch.setattr(incidents, each, 0.0)
    async with ChaosProxy("http://127.0.0.1:9") as proxy:
        fresh = dict(vars(proxy))
        await INCIDENTS[name](proxy)
        assert dict(vars(proxy)) == fresh


@pytest.mark.slow  # a reply is spoken at the pace of speech
@pytest.mark.parametrize("name", INCIDENTS)
async def test_a_session_outlives_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("CALM", "OUTAGE", "SLOW"):
        monkeypatch.setattr(incidents, each, 0.1)
    monkeypatch.setattr(incidents, "RETRY_AFTER", 1)
    with fail_after(60):
        async with (
            Simulator(voice=ToneVoice()) as server,
            ChaosProxy(server.url) as proxy,
            open_session(
                service=Service(base_url=proxy.url, api_key="sk-test")
            ) as session,
        ):
            model, phone, told = Realtime(session), MemoryPhone(PCM_24K), Probe()
            async with create_task_group() as tasks:
                tasks.start_soon(
                    Pipeline(
                        phone.heard >> model.hears,
                        model.says >> phone.speaks,
                        model.reconnected >> told.input,
                    ).run
                )
                await INCIDENTS[name](proxy)
                outcome = await model.say("Still here.").outcome()
                assert outcome.status == "completed"
                phone.hang_up()


async def test_they_come_again_and_again_from_the_first_connection_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(incidents, "CALM", 0.01)
    came: list[int] = []
    with fail_after(30):
        async with (
            ChaosProxy("http://127.0.0.1:9") as proxy,
            create_task_group() as tasks,
        ):

            async def incident(proxy: ChaosProxy) -> None:
                came.append(proxy.accepted)
                if len(came) == 3:
                    tasks.cancel_scope.cancel()

            tasks.start_soon(again_and_again, incident, proxy)
            proxy.reached.set()
    assert len(came) == 3
