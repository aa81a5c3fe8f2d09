"""Looks at the calls of a switchboard, and tells those who export what it sees."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from anyio import current_time

from voxpipe.pipeline import (
    Frame,
    Pipeline,
    Processor,
    ReplyStart,
    ToolResult,
    Turn,
    Usage,
)
from voxpipe.processors.realtime import Realtime
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.watching import CallWatch

from .seen import CallSeen, ChargeSeen, ToolSeen, TurnSeen

MAX_KEPT = 1_000  # turns, and tools, of a call
MAX_NEWEST = 16  # replies that are still to be charged
MAX_PIPELINES = 8  # of a call, whose counts are still to be read


class Exporter:
    """Is told what is seen; each method does nothing until it is overridden.

    They are called at once, in no task of the exporter's, and must neither wait nor
    raise.

    Attributes:
        needs_speech: whether it needs to know when the caller spoke, which costs a look
            at each step of the model.
    """

    needs_speech = False

    def around(self, call: CallSeen) -> AbstractContextManager[object]:
        """The call is answered in this context."""
        return nullcontext()

    def began(self, call: CallSeen) -> None:
        """A call is about to be answered."""

    def turned(self, call: CallSeen, turn: TurnSeen) -> None:
        """A reply was heard to its end, or cut."""

    def tooled(self, call: CallSeen, tool: ToolSeen) -> None:
        """A tool has given its result."""

    def charged(self, call: CallSeen, charge: ChargeSeen) -> None:
        """Something has used tokens."""

    def ended(self, call: CallSeen) -> None:
        """A call is over; all of it is known now."""


class Monitor:
    """Looks at calls: ``Switchboard(app, watcher=Monitor([...]))``.

    Args:
        exporters: are told.
    """

    def __init__(self, exporters: Sequence[Exporter]) -> None:
        self._exporters = tuple(exporters)

    def watch(self, call: Call, app: str) -> CallWatch:
        """As ``CallWatcher.watch``."""
        return _Watch(call, app, self._exporters)


class _Watch(CallWatch):
    wants = frozenset({"turns", "usage", "results"})

    def __init__(self, call: Call, app: str, exporters: Sequence[Exporter]) -> None:
        self._call = call
        self._exporters = exporters
        self._pipelines = deque[Pipeline]()
        self._open = dict[Turn, object]()
        self._needs_speech = any(each.needs_speech for each in exporters)
        self._speaks_since: float | None = None
        self._newest = deque[Turn](maxlen=MAX_NEWEST)
        line = type(call).__name__.removesuffix("Call").lower()
        self.seen = CallSeen(call.id, app, line, current_time())

    @contextmanager
    def around(self) -> Generator[None]:
        """As `CallWatch.around`."""
        with ExitStack() as contexts:
            contexts.enter_context(super().around())
            for each in self._exporters:
                each.began(self.seen)
                contexts.enter_context(each.around(self.seen))
            yield

    # --- as `Observer`

    def starts(self, pipeline: Pipeline) -> None:
        """As `Observer.starts`."""
        if len(self._pipelines) == MAX_PIPELINES:
            self._count(self._pipelines.popleft())
        self._pipelines.append(pipeline)

    def begun(self, box: Processor) -> None:
        """As `Observer.begun`."""
        if isinstance(box, Realtime):
            self.seen.model = box.settings.model

    def moved(self, box: Processor) -> None:
        """As `Observer.moved`."""
        if not self._needs_speech or not isinstance(box, Realtime):
            return
        since, now = self._speaks_since, current_time()
        if box.activity == "hearing":
            self._speaks_since = now if since is None else since
        elif since is not None:
            self._speaks_since = None
            if len(self.seen.speech) < MAX_KEPT:
                self.seen.speech.append((since, now))

    def told(self, box: Processor, port: str, frame: Frame) -> None:
        """As `Observer.told`."""
        match frame:
            case ReplyStart():
                self._follow(frame.of_turn)
            case ToolResult():
                self._tool(frame)
            case Usage():
                self._charge(frame)
            case _:
                pass

    def over(self, end: str, failures: Mapping[str, int]) -> None:
        """As `CallWatch.over`."""
        for turn in tuple(self._open):
            self._turn(turn)
        while self._pipelines:
            self._count(self._pipelines.popleft())
        seen = self.seen
        seen.over, seen.end = current_time(), end
        seen.failures.update(failures)
        seen.underruns = self._call.underruns
        for each in self._exporters:
            each.ended(seen)

    # --- inner workings

    def _follow(self, turn: Turn) -> None:
        def look() -> None:
            if turn.is_over:
                self._turn(turn)

        self._newest.append(turn)
        self._open[turn] = turn.watch(look)
        look()

    def _turn(self, turn: Turn) -> None:
        turn.unwatch(self._open.pop(turn))
        if not turn.generated:
            return  # it calls a tool, or is written: nothing of it is heard
        seen = TurnSeen(
            turn.id,
            turn.timings,
            current_time(),
            turn.generated,
            turn.played,
            turn.basis,
            turn.is_cut,
        )
        self.seen.interruptions += turn.is_cut
        if len(self.seen.turns) < MAX_KEPT:
            self.seen.turns.append(seen)
        for each in self._exporters:
            each.turned(self.seen, seen)

    def _tool(self, result: ToolResult) -> None:
        seen = ToolSeen(
            result.name, result.call_id, current_time(), result.seconds, result.error
        )
        if len(self.seen.tools) < MAX_KEPT:
            self.seen.tools.append(seen)
        for each in self._exporters:
            each.tooled(self.seen, seen)

    def _charge(self, usage: Usage) -> None:
        self.seen.tokens.update(usage.tokens)
        if usage.cost_usd is None or self.seen.cost_usd is None:
            self.seen.cost_usd = None
        else:
            self.seen.cost_usd += usage.cost_usd
        timings = [each.timings for each in self._newest if each.id == usage.reply_id]
        charge = ChargeSeen(
            usage.kind,
            usage.reply_id,
            current_time(),
            usage.tokens,
            usage.cost_usd,
            timings[-1] if timings else None,
        )
        for each in self._exporters:
            each.charged(self.seen, charge)

    def _count(self, pipeline: Pipeline) -> None:
        inputs = pipeline.stats().inputs.values()
        self.seen.drops += sum(each.dropped for each in inputs)
