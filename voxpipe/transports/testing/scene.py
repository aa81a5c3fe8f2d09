"""One call in a check: a transport in a pipeline with an agent, and its far side."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

from anyio import (
    CancelScope,
    Event,
    create_task_group,
    current_time,
    sleep,
    sleep_until,
)
from anyio.abc import TaskGroup

from voxpipe.pipeline import (
    AudioFormat,
    Input,
    Output,
    Pipeline,
    Processor,
    Turn,
)
from voxpipe.pipeline.routes import Route

from .agent import DELTA, FRAME, Agent
from .amiss import amiss
from .device import GONE, Device
from .far_side import FarSide, Make, Transport
from .promise import BrokenPromise

LOOK_EVERY = 0.005  # seconds
TRUE = 0.06  # seconds by which a position may be off: two frames, and a hiccup
BEAT = 0.01  # seconds; how often one looks how late the event loop is
HICCUP = 0.1  # seconds by which real time may be off; in virtual time nothing is


class Kept(Processor):
    """Keeps what comes from a port that a transport need not have.

    Attributes:
        frames: what has come.
    """

    input = Input[Any]()

    def __init__(self) -> None:
        self.frames: list[Any] = []

    async def run(self) -> None:
        """Keep."""
        async for frame in self.input:
            self.frames.append(frame)


class Scene:
    """What a check works with.

    Attributes:
        make: for another call.
        transport: what is checked.
        far: its far side.
        format: in which the agent and the device speak and hear.
        agent: answers.
        device: plays what comes to the far side.
        played, pressed: what came from these ports, if they are there.
        virtual: time jumps when everybody waits.
        over: when the pipeline has returned, on anyio's clock.
    """

    def __init__(
        self,
        make: Make,
        transport: Transport,
        far: FarSide,
        *,
        virtual: bool,
        delay: float,
    ) -> None:
        self.make = make
        self.transport, self.far = transport, far
        self.format = _format_of(transport)
        self.agent = Agent(self.format)
        self.device = Device(far, self.format, delay)
        self.played, self.pressed = Kept(), Kept()
        self.virtual = virtual
        self._late = 0.0  # seconds; the most that the event loop was, so far
        self.over: float | None = None
        self._error: Exception | None = None
        self._scope = CancelScope()
        self._tasks: TaskGroup | None = None

    @property
    def slack(self) -> float:
        """Seconds within which something happens "at once": more where the loop lags.

        One frame in virtual time. A busy machine is no fault of the transport's.
        """
        return FRAME if self.virtual else HICCUP + 4 * self._late

    @property
    def inexact(self) -> float:
        """Seconds by which a position may be off."""
        return TRUE if self.virtual else TRUE + 2 * self.slack

    # --- its life

    async def run(self, tasks: TaskGroup) -> None:
        """Begin the call."""
        self._tasks = tasks
        started = Event()
        tasks.start_soon(self._carry, started)
        tasks.start_soon(self.device.run)
        if not self.virtual:
            tasks.start_soon(self._watch_the_loop)
        await started.wait()
        await self.wait(lambda: self.agent.says.connected or self.over is not None, 1)

    async def _carry(self, started: Event) -> None:
        phone, agent = self.transport, self.agent
        routes: list[Route] = [
            phone.heard >> agent.hears,
            agent.says >> phone.speaks,
        ]
        for port, kept in (("played", self.played), ("pressed", self.pressed)):
            output = getattr(phone, port, None)
            if isinstance(output, Output):
                routes.append(output >> kept.input)
        with self._scope:
            started.set()
            try:
                await Pipeline(*routes).run()
            except Exception as error:  # noqa: BLE001  # told by whoever waits
                self._error = error
        self.over = current_time()

    async def _watch_the_loop(self) -> None:
        while True:
            due = current_time() + BEAT
            await sleep_until(due)
            self._late = max(self._late, current_time() - due)

    def cancel(self) -> None:
        """Cancel the pipeline from outside."""
        self._scope.cancel()

    def speak(
        self, data: bytes, turn: Turn | None = None, *, delta: float = DELTA
    ) -> None:
        """The agent speaks, beside what the check does."""
        assert self._tasks is not None
        self._tasks.start_soon(partial(self.agent.say, data, turn, delta=delta))

    # --- what the checks do

    async def say(self, data: bytes) -> None:
        """The far side speaks at the pace of speech, in frames of 20 ms."""
        step, at = self.format.bytes_in(FRAME), current_time()
        for first in range(0, len(data), step):
            at += FRAME
            await sleep_until(at)
            with self.on_the_line():
                await self.far.say(data[first : first + step])

    @contextmanager
    def on_the_line(self) -> Generator[None]:
        """Around what the far side does."""
        try:
            yield
        except GONE as error:
            self.expect(
                False,
                f"the line was gone ({type(error).__name__}) when the far side used it",
                "leave run, and close the line, when the call is over and not before",
            )

    async def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so; whether it has come to that."""
        for _ in range(round(seconds / LOOK_EVERY)):
            if condition():
                return True
            await sleep(LOOK_EVERY)
        return condition()

    async def heard(self, *wanted: bytes, within: float) -> str:
        """Wait until the agent has heard this, with silence around it; what is wrong.

        Args:
            wanted: pieces, one after the other.
            within: seconds. A line that is never still has long heard as much silence.
        """
        await self.wait(lambda: not self._amiss(*wanted), within)
        return self._amiss(*wanted)

    def _amiss(self, *wanted: bytes) -> str:
        return amiss(self.agent.data, self.format, *wanted)

    def expect(self, so: object, came: str, mend: str) -> None:
        """Go on if it is so; else tell what came, and how to mend it.

        Raises:
            BrokenPromise: it is not, or the run has failed.
        """
        if self._error is not None:
            error = self._error
            raise BrokenPromise(
                f"the transport's run raised {type(error).__name__}: {error}",
                "let no error out of `run`, unless it is a mistake of yours",
            ) from error
        if not so:
            raise BrokenPromise(came, mend)

    @asynccontextmanager
    async def another(self) -> AsyncGenerator[Scene]:
        """A second call, at the same time."""
        async with opened(self.make, virtual=self.virtual) as scene:
            yield scene


def _format_of(transport: Transport) -> AudioFormat:
    for port in (transport.speaks, transport.heard, getattr(transport, "played", None)):
        format = getattr(port, "format", None)
        if isinstance(format, AudioFormat):
            return format
    raise BrokenPromise(
        "no port has one",
        "set `self.heard.format = self.speaks.format = …` in `__init__`",
    )


@asynccontextmanager
async def opened(
    make: Make, *, virtual: bool, delay: float = 0.0
) -> AsyncGenerator[Scene]:
    """A call that runs, until the block is left."""
    async with make() as (transport, far), create_task_group() as tasks:
        scene = Scene(make, transport, far, virtual=virtual, delay=delay)
        await scene.run(tasks)
        yield scene
        tasks.cancel_scope.cancel()


async def time_is_virtual() -> bool:
    """Whether the clock jumps: a tenth of a second takes no time then."""
    before = time.perf_counter()
    await sleep(0.1)
    return time.perf_counter() - before < 0.09
