"""The model as a box: hears, says, calls tools, and can be interrupted."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any, Unpack

from anyio import CancelScope, create_task_group, current_time, move_on_after
from anyio.abc import TaskGroup

from voxpipe.pipeline import (
    AudioFrame,
    Dtmf,
    Image,
    Input,
    Interruption,
    Output,
    Processor,
    SessionLost,
    SpeechStarted,
    SpeechStopped,
    Text,
    ToolCall,
    Transcript,
    Usage,
)
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.pipeline.runtime.timer import timers
from voxpipe.pipeline.runtime.wakeup import Wakeup

from .config.changes import Changes
from .config.settings import Settings
from .connect.sideband import SidebandConnection
from .events import ServerEvent
from .memory.items import Items
from .money.prices import Bill
from .protocol.client_events import ASIDE, item_of, saying, system_item
from .protocol.conversation import Conversation
from .protocol.history import History
from .protocol.hosted_calls import Answers
from .protocol.mcp_frames import McpApproval, McpNews
from .protocol.reply import Reply
from .protocol.updates import Update
from .session import Session
from .shell.port_queue import PortQueue
from .shell.reply_sender import ReplySender, Said
from .shell.sender import Sender
from .shell.wiring import Wiring, wiring_errors

Heard = AudioFrame | SpeechStarted | SpeechStopped | Dtmf

LAST_WORDS = 10.0  # seconds for open replies and tools after the caller has gone
QUIET = 1.0  # seconds without news after which the service has nothing to say
_OVER = "the conversation is over"
_TOLD = ("calls", "transcripts", "writes", "interruptions", "usage", "pressed", "mcp")


class Realtime(Processor):
    """Hold a spoken conversation with a model, and let the caller interrupt it.

    It ends when what feeds `hears` has ended (or `reads`, if nothing feeds `hears`):
    the last question is still answered, for which the model and its tools have 10 s,
    and what was answered is played to its end. A call that the service carries itself
    (``open_session(call_id=…)``) lasts until somebody hangs up.

    Args:
        session: an open one (`open_session`), lent for the length of the run.

    Attributes:
        hears: the caller. With local turns its speech marks matter, otherwise only its
            audio does.
        speech: speech marks from another branch, for local turns when `hears` is fed
            straight from a telephone; audio on it is ignored.
        reads: written words and pictures from the caller; each text asks for a reply.
        results: what tools gave back, what they tell of their work, and decisions.
        says: the replies, ahead of time; an ear paces them.
        writes: the words of written replies, as they come.
        calls: tools that the model wants to run.
        transcripts: the words of both sides. A reader that is slow misses steps of
            what is still being said, never the end of it.
        interruptions: replies that were cut, with what was heard of them.
        usage: tokens and money, reply by reply and transcript by transcript.
        pressed: the keys of a telephone, in a call that the service carries.
        mcp: tools that the service calls: listed, to be approved, called.
        events: all that the service says but audio, each in its type.

    Raises:
        SessionLost: from `run`, at every end of the session that was not asked for.
        VoxpipeError: from `run`, when a reader of a port does not read.
    """

    hears = Input[Heard](optional=True)
    speech = Input[Heard](optional=True, capacity=256)
    reads = Input[Text | Image](optional=True)
    results = Input[Answers](optional=True, feedback=True, capacity=256)
    says = Output[Said]()
    writes = Output[Text]()
    calls = Output[ToolCall]()
    transcripts = Output[Transcript]()
    interruptions = Output[Interruption]()
    usage = Output[Usage]()
    pressed = Output[Dtmf]()
    mcp = Output[McpNews]()
    events = Output[ServerEvent]()

    def __init__(self, session: Session) -> None:
        self._connection, settings = session.connection, session.settings
        conversation = Conversation(settings, self.report, session.host)
        self._conversation = conversation
        conversation.on_cut = self._flush
        self._items = Items(conversation, settings.audio, self._flush, self.report)
        self._outgoing = Sender(session.connection, conversation.outbox)
        self._news: dict[str, PortQueue] | None = None  # while it does not run
        self._orders, self._progress = Wakeup(), Wakeup()
        self._hearing = self._over = False
        self._now = current_time
        self._mouth = ReplySender(
            self.says, conversation, self._progress, lambda: self._now()
        )
        self.hears.format = settings.audio
        self.says.format = settings.audio

    # --- what the program may ask of it, from any task of the conversation

    def say(self, text: str) -> Reply:
        """Have the model say ``text`` as it stands, when the floor is free.

        Raises:
            ValueError: there are no words in it.
        """
        return self.ask(**saying(text))

    def ask(self, instructions: str | None = None, **options: Any) -> Reply:
        """Ask for a reply, when the floor is free.

        Args:
            instructions: for this reply only.
            options: further fields of the service's ``response.create``.

        Raises:
            TypeError, ValueError: an option that JSON cannot express.
        """
        if instructions is not None:
            options["instructions"] = instructions
        reply = self._conversation.request(options, current_time())
        self._flush()
        return reply

    def aside(self, instructions: str, **options: Any) -> Reply:
        """Ask for something out of band, in writing and without tools: a verdict, a
        summary. It is made at once, whoever speaks; nobody hears it, and the
        conversation keeps nothing of it. Its words are in its outcome.

        Args:
            instructions: for this reply only.
            options: further fields, such as ``input`` in place of the conversation.
                With ``output_modalities=["audio"]`` it comes by `Reply.receive`.

        Raises:
            TypeError, ValueError: an option that JSON cannot express.
        """
        return self.ask(instructions, **(ASIDE | options))

    def inform(self, text: str) -> None:
        """Tell the model something that nobody has said, as a system message."""
        self._order_item(system_item(text))

    def send_text(self, text: str) -> Reply:
        """Say something in writing, as the caller, and ask for a reply."""
        self.add_text(text)
        return self.ask()

    def add_text(self, text: str) -> None:
        """Put the caller's written words into the conversation without asking."""
        self._add(Text(text=text))

    def send_image(self, image: Image, text: str = "") -> None:
        """Show the model a picture; ask afterwards, or let the caller speak."""
        self._add(image, text)

    def interrupt(self) -> None:
        """Silence the model now, and drop what it was asked to say next."""
        self._conversation.interrupt(current_time())
        self._flush()

    def end_turn(self) -> None:
        """Close the caller's turn and ask for a reply, as a released button does.

        All audio that has arrived belongs to the turn; less than 100 ms make none, and
        are not answered.
        """
        while self._hearing and (frame := self.hears.receive_nowait()) is not None:
            self._take(frame)
        self._conversation.end_turn(current_time())
        self._flush()

    def update(self, **changes: Unpack[Changes]) -> Update:
        """Change settings of the session, such as ``instructions``, while it runs.

        Raises:
            ConfigurationError: the service forbids that, or forbids it now; or a value
                out of range, or not for this model.
            TypeError, ValueError: no such field, or one that JSON cannot express.
        """
        update = self._conversation.terms.update(changes)
        self._flush()
        return update

    @property
    def settings(self) -> Settings:
        """What the session is held to; `update` changes it."""
        return self._conversation.terms.settings

    @property
    def bill(self) -> Bill:
        """Tokens and money so far."""
        return self._conversation.bill

    @property
    def items(self) -> Items:
        """Its items, to be retrieved, truncated, deleted, or summarised away."""
        return self._items

    @property
    def history(self) -> History:
        """The conversation as it was said and heard."""
        return self._conversation.history

    # --- the pipeline's side

    def check(self) -> Iterable[str]:
        """Nobody to hear, tools without a taker, and turns with two owners or none."""
        marked = any(getattr(box, "marks_speech", False) for box in self.hears.through)
        wiring = Wiring(
            name=self.name,
            heard=self.hears.fed,
            read=self.reads.fed,
            marked=marked,
            followed=self.speech.fed,
            calls=self.calls.read,
            said=self.says.read,
            results=self.results.fed,
        )
        return wiring_errors(wiring, self.settings)

    async def run(self) -> None:
        """Converse until the caller has gone and the last reply is out."""
        async with tasks_until_done() as tasks:
            await self._live(tasks)

    async def _live(self, tasks: TaskGroup) -> None:
        conversation = self._conversation
        self._now = timers().now  # anyio's costs more, and it is asked often
        ports = {name: getattr(self, name) for name in (*_TOLD, "events")}
        self._news = told = {name: PortQueue(p) for name, p in ports.items() if p.read}
        try:
            async with create_task_group() as tellers:
                for news in told.values():
                    tellers.start_soon(news.deliver)
                tasks.start_soon(self._listen)
                tasks.start_soon(self._send_orders)
                tasks.start_soon(self._take_results)
                tasks.start_soon(self._follow_marks)
                self._flush()
                if isinstance(self._connection, SidebandConnection):
                    tasks.start_soon(self._read)
                    await self._connection.over()
                else:
                    tasks.start_soon(self._mouth.speak)
                    await self._hear(tasks)
                    await self._finish()
                for news in told.values():
                    news.close()
        finally:
            conversation.end(_OVER)
            self._news = {}  # what is cut from now on is told to nobody

    async def _listen(self) -> None:
        conversation = self._conversation
        while True:
            try:
                message = await self._connection.receive()
            except SessionLost as lost:
                if self._over:
                    return
                conversation.end(str(lost))
                raise
            conversation.receive(message, self._now())
            self._flush()

    async def _send_orders(self) -> None:
        conversation = self._conversation
        while True:
            await self._outgoing.send()
            due = conversation.due
            with CancelScope(deadline=inf if due is None else due):
                await self._orders.wait()
            conversation.pump(current_time())

    async def _hear(self, tasks: TaskGroup) -> None:
        if not self.hears.fed:
            await self._read()
            return
        tasks.start_soon(self._read)
        self._hearing = True
        self.hears.take_at_once(self._hear_at_once)
        async for frame in self.hears:
            self._take(frame)
            await self._outgoing.send()
        self._hearing = False

    def _hear_at_once(self, frame: Heard) -> bool:
        if type(frame) is not AudioFrame or not self._outgoing.is_free:
            return False
        self._conversation.hear(frame, self._now())
        if not self._outgoing.send_nowait():
            self._orders.set()
        return True

    async def _follow_marks(self) -> None:
        # Its audio came by `hears` already; a task would be woken for each frame.
        self.speech.take_at_once(lambda frame: type(frame) is AudioFrame)
        async for frame in self.speech:
            if isinstance(frame, SpeechStarted | SpeechStopped):
                self._take(frame)

    def _take(self, frame: Heard) -> None:
        if isinstance(frame, AudioFrame):
            self._conversation.hear(frame, current_time())
        elif isinstance(frame, SpeechStarted | SpeechStopped):
            self._conversation.mark(frame, current_time())
            self._flush()

    async def _read(self) -> None:
        async for frame in self.reads:
            self._add(frame)
            if isinstance(frame, Text):
                self.ask()
            await self._outgoing.send()

    async def _take_results(self) -> None:
        async for result in self.results:
            self._conversation.add_result(result, current_time())
            self._flush()

    async def _finish(self) -> None:
        """The caller has gone: let a last question be answered, and heard."""
        conversation = self._conversation
        conversation.hang_up(current_time())
        self._flush()
        with move_on_after(LAST_WORDS):
            quiet = False
            while not (quiet and conversation.is_idle(current_time())):
                with move_on_after(QUIET) as patience:
                    await self._progress.wait()
                quiet = patience.cancelled_caught
        self._over = True
        conversation.wind_up(_OVER)
        self._flush()
        while not conversation.all_sent:
            await self._progress.wait()
        conversation.end(_OVER)
        self._flush()

    def _add(self, frame: Text | Image, text: str = "") -> None:
        self._order_item(item_of(frame, text))

    def _order_item(self, item: dict[str, Any]) -> None:
        self._conversation.order("conversation.item.create", item=item)
        self._flush()

    def _flush(self) -> None:
        """Wake whoever has something to do after the conversation has moved."""
        conversation, told = self._conversation, self._news
        while told is not None and conversation.news:
            port, frame = conversation.news.popleft()
            if port in told:
                told[port].add(frame)
            elif isinstance(frame, ToolCall | McpApproval):
                conversation.refuse(frame, current_time())
        if conversation.outbox or conversation.due is not None:
            self._orders.set()
        self._mouth.audio.set()
        self._progress.set()
        self._items.moved.set()
