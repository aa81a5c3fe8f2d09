"""What the desk shows of any app: words as they are heard, tools, money, failures.

The app draws no route for it: its boxes tell their observers. Words run ahead of the
voice, so they go through `Captions`, in a small pipeline beside the app's.
"""

from __future__ import annotations

from collections import deque

from voxpipe.pipeline import (
    Fault,
    Frame,
    Input,
    Output,
    Pipeline,
    Processor,
    ToolResult,
    Transcript,
    Usage,
)
from voxpipe.pipeline.observer import Activity, Agent, Observer
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime import Captions

from .demo.progress import LineView
from .demo.report import Speaker
from .desk_record import DeskRecord

MOST = 256  # words and other news that wait; a model sends some ten a second


class Onlooker(Observer):
    """Shows and writes down what an app's boxes tell.

    Args:
        record: where it is written down.
        view: where it is shown.

    Attributes:
        cost_usd: of all that was charged; ``None`` if something had no price, or
            nothing was.
    """

    wants = frozenset({"transcripts", "usage", "results", "faults"})

    def __init__(self, record: DeskRecord, view: LineView) -> None:
        self.cost_usd: float | None = None
        self._has_price = True  # so far, all that was charged
        self._record = record
        self._view = view
        self._words = _Words()
        self._teller = Teller(view)
        self._agents: list[tuple[Processor, Agent]] = []

    async def run(self) -> None:
        """Tell words as they are heard, until `close`, and all was heard."""
        captions = Captions()
        await Pipeline(
            self._words.said >> captions.transcripts,
            captions.heard >> self._teller.said,
        ).run()

    def close(self) -> None:
        """There will be no more words."""
        self._words.close()

    @property
    def activity(self) -> Activity | None:
        """What the agents do, if there is one."""
        done = {agent.activity for _, agent in self._agents}
        order: tuple[Activity, ...] = ("speaking", "hearing", "thinking", "listening")
        return next((each for each in order if each in done), None)

    def interrupt(self) -> None:
        """Silence whoever speaks, or is about to."""
        for _, agent in self._agents:
            agent.interrupt()

    # --- as `Observer`

    def begun(self, box: Processor) -> None:
        """As `Observer.begun`."""
        if isinstance(box, Agent):
            self._agents.append((box, box))

    def ended(self, box: Processor) -> None:
        """As `Observer.ended`."""
        self._agents = [each for each in self._agents if each[0] is not box]

    def told(self, box: Processor, port: str, frame: Frame) -> None:
        """As `Observer.told`."""
        match frame:
            case Transcript():
                self._record.note(frame)
                self._words.put(frame)
            case Usage():
                self._charge(frame)
            case ToolResult():
                given = frame.output if frame.error is None else frame.error
                self._view.note(f"{frame.name} → {given}")
            case Fault():
                self._view.note(f"a reply has failed: {frame.message}")
            case _:
                pass

    def _charge(self, usage: Usage) -> None:
        if usage.cost_usd is None:
            self._has_price, self.cost_usd = False, None
        elif self._has_price:
            self.cost_usd = (self.cost_usd or 0.0) + usage.cost_usd


class Teller(Processor):
    """Shows what is said, as it is heard."""

    said = Input[Transcript](capacity=256)

    def __init__(self, view: LineView) -> None:
        self._view = view

    async def run(self) -> None:
        """Until all was said."""
        async for each in self.said:
            speaker: Speaker = "caller" if each.speaker == "user" else "agent"
            if not each.final:
                self._view.saying(speaker, each.text)
            elif each.text:
                turn = each.of_turn
                cut = " — interrupted" if turn is not None and turn.is_cut else ""
                self._view.said(speaker, f"{each.text}{cut}")


class _Words(Processor):
    """Words that came from outside of the pipeline."""

    said = Output[Transcript]()

    def __init__(self) -> None:
        self._waiting = deque[Transcript](maxlen=MOST)
        self._news = Wakeup()
        self._closed = False

    def put(self, said: Transcript) -> None:
        self._waiting.append(said)
        self._news.set()

    def close(self) -> None:
        self._closed = True
        self._news.set()

    async def run(self) -> None:
        while True:
            while self._waiting:
                await self.said.send(self._waiting.popleft())
            if self._closed:
                return
            await self._news.wait()
