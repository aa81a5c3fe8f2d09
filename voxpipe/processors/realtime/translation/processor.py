"""An interpreter as a box: what is heard comes out in another language."""

from __future__ import annotations

from collections.abc import Iterable

from anyio import EndOfStream, create_task_group, move_on_after

from voxpipe.pipeline import (
    CallerFrame,
    Input,
    Output,
    Processor,
    ReplyEnd,
    ReplyFrame,
    Transcript,
    Usage,
)
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.events import ServerEvent
from voxpipe.processors.realtime.money.prices import Bill
from voxpipe.processors.realtime.shell.link import HEEDED, Link

from .protocol import TranslationProtocol
from .session import TranslationSession, check_language

LAST_WORDS_TIMEOUT = 10.0  # seconds without an event after which nothing will come out


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
        says: the translation, ahead of time; a playout paces it. Up to two minutes
            wait for it, then the oldest makes room.
        transcripts: the translation as ``agent``, sentence by sentence, and, if the
            session was opened with ``transcription=``, what was said as ``user``. A
            reader that is slow misses steps of what is still being said.
        usage: money, minute by minute.
        events: all that the service says.

    Raises:
        SessionLost: from `run`, at every end of the session that was not asked for.
        VoxpipeError: from `run`, when a reader of a port does not read.
    """

    hears = Input[CallerFrame](format=PCM_24K, takes=HEEDED)
    says = Output[ReplyFrame]()
    transcripts = Output[Transcript]()
    usage = Output[Usage]()
    events = Output[ServerEvent]()

    def __init__(self, session: TranslationSession) -> None:
        self._protocol = TranslationProtocol(session.settings, session.host)
        self._link = Link(self, session, self._protocol)
        self.says.format = PCM_24K

    # --- what the program may ask of it, from any task

    def update(self, *, language: str) -> None:
        """Translate into another language from now on.

        Raises:
            ConfigurationError: that is no code of a language.
        """
        check_language(language)
        session = {"audio": {"output": {"language": language}}}
        self._protocol.outbox.send("session.update", session=session)
        self._link.flush()

    @property
    def bill(self) -> Bill:
        """What it has cost so far."""
        return self._protocol.bill

    @property
    def missed(self) -> float:
        """Seconds of translation that nobody heard, because newer ones were there."""
        return self._protocol.missed

    # --- the pipeline's side

    def check(self) -> Iterable[str]:
        """A session that cannot be had."""
        return self._link.check()

    async def run(self) -> None:
        """Translate until there is nothing more to hear, and all of it was said."""
        async with self._link.running(), create_task_group() as speaking:
            speaking.start_soon(self._speak)
            await self._link.hear(self.hears)
            await self._finish()

    async def _speak(self) -> None:
        while True:
            try:
                frame = await self._protocol.store.receive()
            except EndOfStream:
                break
            await self.says.send(frame)
        await self.says.send(ReplyEnd(turn=None))

    async def _finish(self) -> None:
        """Nothing more is heard: let all of it come out."""
        protocol, link = self._protocol, self._link
        link.closes()
        protocol.close()
        await link.send()
        with link.moves() as moved:
            while not protocol.closed:
                with move_on_after(LAST_WORDS_TIMEOUT) as timeout:
                    await moved.wait()
                if timeout.cancelled_caught:
                    late = "expected session.closed from the service, and it is late"
                    self.report(late)
                    break
        protocol.end("")
        link.flush()
