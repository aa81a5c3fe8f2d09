"""A transcriber as a box: what is heard comes out in words."""

from __future__ import annotations

from collections.abc import Iterable

from anyio import create_task_group, current_time, move_on_after
from anyio.abc import TaskGroup

from voxpipe.pipeline import (
    AudioFrame,
    Input,
    Output,
    Processor,
    SpeechStarted,
    SpeechStopped,
    Transcript,
    Usage,
)
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime.events import ServerEvent
from voxpipe.processors.realtime.money.prices import Bill
from voxpipe.processors.realtime.processor import Heard
from voxpipe.processors.realtime.protocol.history import History
from voxpipe.processors.realtime.shell.port_queues import PortQueues
from voxpipe.processors.realtime.shell.sender import Sender
from voxpipe.processors.realtime.shell.wiring import Wiring, wiring_errors

from .protocol import TranscriptionProtocol
from .session import TranscriptionSession

LAST_WORDS = 10.0  # seconds for transcripts after the speaker has gone
QUIET = 1.0  # seconds without news after which the service has nothing to write down


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

    hears = Input[Heard]()
    speech = Input[Heard](optional=True, capacity=256)
    transcripts = Output[Transcript]()
    usage = Output[Usage]()
    events = Output[ServerEvent]()

    def __init__(self, session: TranscriptionSession) -> None:
        self._settings = session.settings
        self._connection = session.connection
        self._state = state = TranscriptionProtocol(
            session.settings, self.report, session.host
        )
        self._outgoing = Sender(session.connection, state.effects.outbox)
        self._orders, self._progress = Wakeup(), Wakeup()
        self._hearing = False
        self.hears.format = session.settings.audio

    # --- what the program may ask of it, from any task

    def end_turn(self) -> None:
        """Have what was said so far written down, as a released button does.

        All audio that has arrived belongs to the turn; less than 100 ms make none.
        """
        while self._hearing and (frame := self.hears.receive_nowait()) is not None:
            self._take(frame)
        self._state.end_turn()
        self._orders.set()

    @property
    def history(self) -> History:
        """What was said, turn by turn, in the order in which it was."""
        return self._state.history

    @property
    def bill(self) -> Bill:
        """What it has cost so far."""
        return self._state.bill

    # --- the pipeline's side

    def check(self) -> Iterable[str]:
        """Turns with two owners or none."""
        marked = any(getattr(box, "marks_speech", False) for box in self.hears.through)
        wiring = Wiring(
            name=self.name,
            heard=True,  # else the pipeline says so
            read=False,
            said=True,
            marked=marked,
            followed=self.speech.fed,
            calls=False,
            results=False,
        )
        return wiring_errors(wiring, self._settings)

    async def run(self) -> None:
        """Write down until there is nothing more to hear."""
        async with tasks_until_done() as tasks:
            await self._live(tasks)

    async def _live(self, tasks: TaskGroup) -> None:
        ports = {
            "transcripts": self.transcripts,
            "usage": self.usage,
            "events": self.events,
        }
        self._told = PortQueues(ports)
        async with create_task_group() as telling:
            self._told.start(telling)
            tasks.start_soon(self._listen)
            tasks.start_soon(self._send_orders)
            tasks.start_soon(self._follow_marks)
            await self._hear()
            await self._finish()
            self._told.close()

    async def _hear(self) -> None:
        self._hearing = True
        self.hears.take_at_once(self._hear_at_once)
        async for frame in self.hears:
            self._take(frame)
            await self._outgoing.send()
        self._hearing = False

    def _hear_at_once(self, frame: Heard) -> bool:
        if type(frame) is not AudioFrame or not self._outgoing.is_free:
            return False
        self._state.hear(frame)
        if not self._outgoing.send_nowait():
            self._orders.set()
        return True

    def _take(self, frame: Heard) -> None:
        if isinstance(frame, AudioFrame):
            self._state.hear(frame)
        elif isinstance(frame, SpeechStarted | SpeechStopped):
            self._state.mark(frame)

    async def _follow_marks(self) -> None:
        # Its audio came by `hears` already; a task would be woken for each frame.
        self.speech.take_at_once(lambda frame: type(frame) is AudioFrame)
        async for frame in self.speech:
            if isinstance(frame, SpeechStarted | SpeechStopped):
                self._state.mark(frame)
                self._orders.set()

    async def _send_orders(self) -> None:
        while True:
            await self._outgoing.send()
            await self._orders.wait()

    async def _listen(self) -> None:
        while True:
            message = await self._connection.receive()
            self._state.receive(message, current_time())
            self._told.tell(self._state.effects.news)
            self._progress.set()

    async def _finish(self) -> None:
        """Nothing more is heard: let all of it be written down."""
        state = self._state
        state.hang_up()
        await self._outgoing.send()
        with move_on_after(LAST_WORDS):
            quiet = False
            while not (quiet and state.is_idle(current_time())):
                with move_on_after(QUIET) as patience:
                    await self._progress.wait()
                quiet = patience.cancelled_caught
