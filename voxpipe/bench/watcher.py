"""What is seen of one call inside of its app: its replies, its boxes, its queues."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from typing import Any

from anyio import current_time, sleep

from voxpipe.pipeline import Pipeline, Processor, ReplyStart, Turn
from voxpipe.pipeline.audioframe import Frame
from voxpipe.pipeline.observer import Observer, observed
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.processors.realtime import Connect
from voxpipe.processors.realtime.connect.way import connecting
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.switchboard import App

from .network import Network
from .tap import SessionLog, Tap
from .turns import Exchange

MAX_TURNS = 1_000
LOOK = 0.1  # seconds between two looks at the line
GAP = 0.1  # seconds without a message; a telephone sends one each 20 ms
MAX_GAPS = 1_000
LATE = 0.03  # seconds; later looks say that the loop was busy, and nothing of the line


class Watcher(Observer):
    """Looks at one call.

    Args:
        network: between the app and the model.
        seed: of its dice.
        model: what to connect by where the app asks for the service; ``None`` for what
            the app does.
    """

    wants = frozenset({"turns"})

    def __init__(
        self,
        network: Network | None = None,
        seed: int = 0,
        model: Connect | None = None,
    ) -> None:
        self.log = SessionLog()
        self.gaps: list[float] = []
        self._network = network or Network()
        self._seed = seed
        self._model = model
        self._turns: list[Turn] = []
        self._pipelines: list[Pipeline] = []
        self._watching = ExitStack()

    async def answer(self, app: App, call: Call) -> None:
        """Have an app answer a call, and look at both."""
        with self.watching():
            async with tasks_until_done() as tasks:
                tasks.start_soon(self._look_at, call)
                await app(call)

    async def _look_at(self, call: Call) -> None:
        """Note when nothing came of the line, though the loop would have read it.

        A gap counts when something comes behind it: at the end of a call nothing does.
        """
        heard_at, age = call.heard_at, 0.0  # age: of the newest message, at a look
        while len(self.gaps) < MAX_GAPS:
            due = current_time() + LOOK
            await sleep(LOOK)
            now = current_time()
            if not self._pipelines:
                continue  # nobody reads it yet: the app gets ready
            if call.heard_at != heard_at:
                if age > GAP:
                    self.gaps.append(age)
                heard_at, age = call.heard_at, 0.0
            if now < due + LATE:
                age = now - heard_at

    @contextmanager
    def watching(self) -> Generator[None]:
        """Look at what runs in this block, and at the sessions that it opens."""
        with observed(self), connecting(self._way), self._watching:
            yield

    def _way(self, connect: Connect) -> Connect:
        if self._model is not None and getattr(connect, "needs_key", True):
            connect = self._model  # a program that has its own simulator keeps that
        return Tap(connect, self.log, self._network, self._seed)

    # --- the observer's

    def starts(self, pipeline: Pipeline) -> None:
        """As `Observer.starts`."""
        self._pipelines.append(pipeline)
        self._watching.enter_context(pipeline.watch())

    def told(self, box: Processor, port: str, frame: Frame) -> None:
        """As `Observer.told`."""
        if isinstance(frame, ReplyStart) and len(self._turns) < MAX_TURNS:
            self._turns.append(frame.of_turn)

    # --- afterwards

    def exchanges(self) -> list[Exchange]:
        """Its replies, with what their turns tell of them."""
        turns = {turn.id: turn.timings for turn in self._turns}
        found = list[Exchange]()
        for each in self.log.exchanges:
            timings = turns.get(each.reply)
            if timings is not None:
                each = replace(
                    each, released=timings.first_sent, written=timings.first_written
                )
            found.append(each)
        return found

    def summary(self) -> dict[str, Any]:
        """All of it, as JSON takes it; see `CallSeen`."""
        boxes, inputs = dict[str, Any](), dict[str, Any]()
        links: list[tuple[str, str, str, str]] = []
        for pipeline in self._pipelines:
            stats = pipeline.stats()
            links += pipeline.links()
            boxes.update({name: asdict(box) for name, box in stats.boxes.items()})
            inputs.update({name: asdict(each) for name, each in stats.inputs.items()})
        return {
            "exchanges": [asdict(each) for each in self.exchanges()],
            "round_trips": self.log.round_trips,
            "tools": {name: asdict(tool) for name, tool in self.log.tools.items()},
            "line_gaps": self.gaps,
            "delta_gaps": self.log.gaps,
            "boxes": boxes,
            "inputs": inputs,
            "links": links,
        }
