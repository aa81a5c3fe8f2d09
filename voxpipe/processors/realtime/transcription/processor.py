"""A transcriber as a box: what is heard comes out in words."""

from __future__ import annotations

from collections.abc import Iterable

from voxpipe.pipeline import (
    CallerFrame,
    Input,
    Output,
    Processor,
    Transcript,
    Usage,
)
from voxpipe.processors.realtime.config.settings import or_open_in_it
from voxpipe.processors.realtime.events import ServerEvent
from voxpipe.processors.realtime.money.prices import Bill
from voxpipe.processors.realtime.protocol.history import History
from voxpipe.processors.realtime.shell.link import HEEDED, Link
from voxpipe.processors.realtime.shell.wiring import turn_errors

from .protocol import TranscriptionProtocol
from .session import TranscriptionSession

_OR_ELSE = or_open_in_it("open_transcription")


class Transcribe(Processor):
    """Write down what is heard; nobody answers.

    It ends when what feeds `hears` has ended: what was said last is still written down,
    for which the service has 10 s.

    Args:
        session: an open one (`open_transcription`), lent for the length of the run.

    Attributes:
        hears: who is to be written down. With local turns its speech marks matter,
            otherwise only its audio does.
        speech: speech marks from another branch, for local turns when `hears` is fed
            straight from a telephone; audio on it is ignored.
        transcripts: the words, growing while they are written, and final turn by turn.
            A reader that is slow misses steps, never the end.
        usage: tokens or seconds as money, turn by turn.
        events: all that the service says, such as who spoke
            (`SegmentEvent`, of a model that tells speakers apart).

    Raises:
        SessionLost: from `run`, at every end of the session that was not asked for.
        VoxpipeError: from `run`, when a reader of a port does not read.
    """

    hears = Input[CallerFrame](takes=HEEDED)
    speech = Input[CallerFrame](optional=True, capacity=256)
    transcripts = Output[Transcript]()
    usage = Output[Usage]()
    events = Output[ServerEvent]()

    def __init__(self, session: TranscriptionSession) -> None:
        self._settings = session.settings
        self._protocol = TranscriptionProtocol(session.settings, session.host)
        self._link = Link(self, session, self._protocol)
        self.hears.format = session.settings.audio
        self.hears.or_else = _OR_ELSE

    # --- what the program may ask of it, from any task

    def end_turn(self) -> None:
        """Have what was said so far written down, as a released button does.

        All audio that has arrived belongs to the turn; less than 100 ms make none.
        """
        self._link.take_what_came()
        self._protocol.end_turn(self._link.now())
        self._link.flush()

    @property
    def history(self) -> History:
        """What was said, turn by turn, in the order in which it was."""
        return self._protocol.history

    @property
    def bill(self) -> Bill:
        """What it has cost so far."""
        return self._protocol.bill

    # --- the pipeline's side

    def check(self) -> Iterable[str]:
        """A session that cannot be had, and turns with two owners or none."""
        yield from self._link.check()
        yield from turn_errors(self._settings, self.hears, self.speech)

    async def run(self) -> None:
        """Write down until there is nothing more to hear."""
        link = self._link
        async with link.running() as tasks:
            tasks.start_soon(link.follow_marks, self.speech)
            await link.hear(self.hears)
            self._protocol.hang_up(link.now())
            link.flush()
            await link.settle()
