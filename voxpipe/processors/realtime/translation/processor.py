"""An interpreter as a box: what is heard comes out in another language."""

from __future__ import annotations

from anyio import (
    EndOfStream,
    create_task_group,
    current_time,
    move_on_after,
    sleep_until,
)
from anyio.abc import TaskGroup

from voxpipe.pipeline import (
    AudioFrame,
    Input,
    Output,
    Processor,
    ReplyEnd,
    SessionLost,
    Transcript,
    Usage,
)
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.pipeline.runtime.timer import timers
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.events import ServerEvent
from voxpipe.processors.realtime.money.prices import Bill
from voxpipe.processors.realtime.processor import Heard
from voxpipe.processors.realtime.shell.port_queues import PortQueues
from voxpipe.processors.realtime.shell.reply_sender import Said
from voxpipe.processors.realtime.shell.sender import Sender

from .protocol import APPEND, TranslationProtocol
from .session import TranslationSession, check_language

LAST_WORDS = 10.0  # seconds without an event after which nothing more will come out
PAUSE = 0.4  # seconds without audio after which silence takes its place
REST = 5.0  # seconds of that without a word after which the session rests


class Translate(Processor):
    """Interpret what is heard, while it is being said.

    There are no turns and no interruptions: it says what was said, some seconds later.
    It ends when what feeds `hears` has ended: what is still to be translated comes out
    first. Where no audio comes for a while, it sends silence for a few seconds, as the
    service only goes on translating while it hears something.

    Args:
        session: an open one (`open_translation`), lent for the length of the run.

    Attributes:
        hears: who is to be translated: pcm16 24000 Hz.
        says: the translation, ahead of time; an ear paces it. Up to two minutes wait
            for it, then the oldest makes room.
        transcripts: the translation as ``agent``, sentence by sentence, and, if the
            session was opened with ``transcription=``, what was said as ``user``. A
            reader that is slow misses steps of what is still being said.
        usage: money, minute by minute.
        events: all that the service says.

    Raises:
        SessionLost: from `run`, at every end of the session that was not asked for.
        VoxpipeError: from `run`, when a reader of a port does not read.
    """

    hears = Input[Heard](format=PCM_24K)
    says = Output[Said]()
    transcripts = Output[Transcript]()
    usage = Output[Usage]()
    events = Output[ServerEvent]()

    def __init__(self, session: TranslationSession) -> None:
        self._connection = session.connection
        self._state = state = TranslationProtocol(
            session.settings, self.report, session.host
        )
        self._outgoing = Sender(session.connection, state.effects.outbox, append=APPEND)
        self._orders, self._progress, self._audio = Wakeup(), Wakeup(), Wakeup()
        self._active_at = 0.0  # when something was heard or said, on anyio's clock
        self._heard_at = 0.0
        self._now = current_time
        self._asked = False  # the service was told to close
        self.says.format = PCM_24K

    # --- what the program may ask of it, from any task

    def update(self, *, language: str) -> None:
        """Translate into another language from now on.

        Raises:
            ConfigurationError: that is no code of a language.
        """
        check_language(language)
        session = {"audio": {"output": {"language": language}}}
        self._state.effects.order("session.update", session=session)
        self._orders.set()

    @property
    def bill(self) -> Bill:
        """What it has cost so far."""
        return self._state.bill

    @property
    def missed(self) -> float:
        """Seconds of translation that nobody heard, because newer ones were there."""
        return self._state.missed

    # --- the pipeline's side

    async def run(self) -> None:
        """Translate until there is nothing more to hear, and all of it was said."""
        async with tasks_until_done() as tasks:
            await self._live(tasks)

    async def _live(self, tasks: TaskGroup) -> None:
        ports = {
            "transcripts": self.transcripts,
            "usage": self.usage,
            "events": self.events,
        }
        self._now = timers().now  # anyio's costs more, and it is asked often
        self._told = PortQueues(ports)
        async with create_task_group() as telling:
            self._told.start(telling)
            tasks.start_soon(self._listen)
            tasks.start_soon(self._send_orders)
            async with create_task_group() as speaking:
                speaking.start_soon(self._speak)
                async with create_task_group() as hearing:
                    hearing.start_soon(self._fill_pauses)
                    await self._hear()
                    hearing.cancel_scope.cancel()
                await self._finish()
            self._told.close()

    async def _hear(self) -> None:
        self.hears.take_at_once(self._hear_at_once)
        async for frame in self.hears:
            if isinstance(frame, AudioFrame):
                self._take(frame)
                await self._outgoing.send()

    def _hear_at_once(self, frame: Heard) -> bool:
        if type(frame) is not AudioFrame or not self._outgoing.is_free:
            return False
        self._take(frame)
        if not self._outgoing.send_nowait():
            self._orders.set()
        return True

    def _take(self, frame: AudioFrame) -> None:
        self._heard_at = self._active_at = self._now()
        self._audio.set()
        self._state.hear(frame)
        self._flush()

    async def _fill_pauses(self) -> None:
        silence = AudioFrame(data=PCM_24K.silence(PAUSE), format=PCM_24K)
        await self._audio.wait()
        while True:
            await sleep_until(self._heard_at + PAUSE)
            now = current_time()
            if now < self._heard_at + PAUSE:
                continue
            if now > self._active_at + REST:
                await self._audio.wait()
                continue
            self._heard_at = now
            self._state.hear(silence)
            self._flush()
            await self._outgoing.send()

    async def _send_orders(self) -> None:
        while True:
            await self._outgoing.send()
            await self._orders.wait()

    async def _listen(self) -> None:
        state = self._state
        while not state.closed:
            state.receive(await self._connection.receive())
            self._active_at = current_time()
            self._progress.set()
            self._flush()
        if not self._asked:
            raise SessionLost("the translation ended: the service has closed it")

    async def _speak(self) -> None:
        while True:
            try:
                frame = await self._state.store.receive()
            except EndOfStream:
                break
            await self.says.send(frame)
        await self.says.send(ReplyEnd(turn=None))

    async def _finish(self) -> None:
        """Nothing more is heard: let all of it come out."""
        state, self._asked = self._state, True
        state.close()
        await self._outgoing.send()
        while not state.closed:
            with move_on_after(LAST_WORDS) as patience:
                await self._progress.wait()
            if patience.cancelled_caught:
                self.report("expected session.closed from the service, and it is late")
                break
        state.end()
        self._flush()

    def _flush(self) -> None:
        self._told.tell(self._state.effects.news)
