"""Apps that are late, each at a place that is known: for the tests of the bench."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from anyio import create_task_group, current_time, sleep, sleep_until

from voxpipe.pipeline import (
    AudioFrame,
    Filter,
    Input,
    Output,
    Pipeline,
    Processor,
    Route,
)
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.audio import Decode
from voxpipe.processors.realtime import Realtime, ServerVad, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.processors.vad import Vad
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.switchboard import App


class Later(Processor):
    """Hands everything on, so many seconds after it came."""

    taken = Input[Any](capacity_ms=2_000)
    given = Output[Any]()

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: deque[tuple[float, Any]] = deque(maxlen=10_000)
        self._news = Wakeup()
        self._is_over = False

    async def run(self) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(self._give)
            async for frame in self.taken:
                self._waiting.append((current_time() + self._seconds, frame))
                self._news.set()
            self._is_over = True
            self._news.set()

    async def _give(self) -> None:
        while self._waiting or not self._is_over:
            if not self._waiting:
                await self._news.wait()
                continue
            due, frame = self._waiting.popleft()
            await sleep_until(due)
            await self.given.send(frame)


class Hard(Filter[AudioFrame]):
    """Works on each frame for so long, and does nothing."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def feed(self, frame: AudioFrame) -> tuple[AudioFrame, ...]:
        time.sleep(self._seconds)
        return (frame,)


def app(
    *,
    inbound: float = 0.0,
    graph: float = 0.0,
    hangover: float = 0.0,
    tools: float = 0.0,
    blocks: float = 0.0,
    work: float = 0.0,
) -> App:
    """An app that is late.

    Args:
        inbound: seconds that the caller's audio waits on its way to the model.
        graph: seconds that the model's waits on its way to the caller.
        hangover: seconds of silence that end a turn, decided here; 0: by the service,
            after half a second.
        tools: seconds that its tool takes.
        blocks: seconds for which its tool lets nobody else work.
        work: seconds that a box works on each frame of the caller's.
    """

    @tool
    async def look_it_up() -> str:
        """Look it up."""
        if blocks:
            time.sleep(blocks)  # noqa: ASYNC251  # it is the mistake
        await sleep(tools)
        return "found"

    async def answer(call: Call) -> None:
        router = ToolRouter([look_it_up])
        async with open_session(
            audio=call.format,
            transcription=None,
            tools=router.schemas,
            turn_detection="local" if hangover else ServerVad(silence_ms=500),
        ) as session:
            model = Realtime(session)
            routes: list[Route] = [
                model.calls >> router.calls,
                router.results >> model.results,
            ]
            if hangover:
                vad = Vad(hangover=hangover)
                routes += [call.heard >> Decode() >> vad >> model.speech]
            if inbound:
                late = Later(inbound)
                routes += [call.heard >> late.taken, late.given >> model.hears]
            elif work:
                routes += [call.heard >> Hard(work) >> model.hears]
            else:
                routes += [call.heard >> model.hears]
            if graph:
                late = Later(graph)
                routes += [model.says >> late.taken, late.given >> call.speaks]
            else:
                routes += [model.says >> call.speaks]
            await Pipeline(*routes).run()

    return answer


plain = app()
slow = app(graph=0.12)
