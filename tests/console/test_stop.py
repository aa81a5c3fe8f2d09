"""A server whose apps do not let it end: it ends all the same, and says by whose fault.

Each is a process of its own, in real time: nothing inside one can tell how it ends.
"""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from anyio import move_on_after

from voxpipe.console.stop import BY_FORCE
from voxpipe.transports.telephony.testing import FakeTwilio

from .serving import Served, served

SWALLOWS = """
import anyio

async def answer(call):
    print("answered", flush=True)
    while True:
        try:
            await anyio.sleep(1)
        except BaseException:
            pass
"""

BLOCKS = """
async def answer(call):
    print("answered", flush=True)
    while True:
        pass
"""

NAMED = (
    r"call=[0-9a-f]{8} the app my_agent\.answer was cancelled 2 s ago and still runs, "
    r"at \S*my_agent\.py:\d+ in answer, from "
)
LAST = (
    rf"the process is ended by force, with code {BY_FORCE}; what did not end: "
    r"call=[0-9a-f]{8} the app my_agent\.answer, at \S*my_agent\.py:\d+ in answer"
)

pytestmark = pytest.mark.slow


@pytest.fixture
def anyio_backend() -> str:
    """Of the caller's side."""
    return "asyncio"


async def signalled(server: Served, times: int) -> None:
    """Until it has ended, or so often: two that come at once may count as one."""
    for _ in range(times):
        server.process.send_signal(signal.SIGTERM)
        with move_on_after(0.5):
            await server.process.wait()
            return


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_an_app_that_swallows_its_cancellation_is_named_and_a_third_signal_ends(
    tmp_path: Path, loop: str
) -> None:
    (tmp_path / "my_agent.py").write_text(SWALLOWS)
    options = ("my_agent:answer", "--simulator", "--idle-limit", "0.1", "--loop", loop)
    async with served(*options, cwd=tmp_path, code=BY_FORCE) as server:
        async with FakeTwilio(server.url).call() as caller:
            await caller.wait_closed()  # nobody has to listen to its silence
            assert caller.ended == "agent"
        said = await server.until("the call cannot end before it does")
        assert re.search(NAMED, said)
        assert '"ready"' in (await server.get("/readyz"))[1]  # there are more places
        await signalled(server, 5)
        assert re.search(LAST, await server.until("my_agent.answer"))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_an_app_that_keeps_the_loop_does_not_keep_the_process(
    tmp_path: Path, loop: str
) -> None:
    (tmp_path / "my_agent.py").write_text(BLOCKS)
    options = ("my_agent:answer", "--simulator", "--loop", loop)
    async with (
        served(*options, cwd=tmp_path, code=BY_FORCE) as server,
        FakeTwilio(server.url).call(),
    ):
        await server.until("answered")
        await signalled(server, 5)
        assert re.search(LAST, await server.until("my_agent.answer"))


async def test_one_signal_is_enough_when_its_time_is_up(tmp_path: Path) -> None:
    (tmp_path / "my_agent.py").write_text(SWALLOWS)
    options = ("my_agent:answer", "--simulator", "--drain", "0.001")
    async with (
        served(*options, cwd=tmp_path, code=BY_FORCE) as server,
        FakeTwilio(server.url).call(),
    ):
        await server.until("answered")
        server.process.send_signal(signal.SIGTERM)
        said = await server.until("ended by force")
        assert "cut: 1" in said
        assert re.search(LAST, said + await server.until("my_agent.answer"))
