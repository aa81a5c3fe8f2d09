"""The model as a box: hears, says, calls tools, and can be interrupted."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from anyio.abc import TaskGroup

from voxpipe.pipeline import (
    CallerFrame,
    Dtmf,
    Image,
    Input,
    Interruption,
    Output,
    Processor,
    ReplyFrame,
    ReplyStart,
    Text,
    ToolCall,
    Transcript,
    Turn,
    Usage,
)
from voxpipe.pipeline.observer import Activity
from voxpipe.pipeline.runtime import call_record
from voxpipe.pipeline.runtime.start import Start

from .config.changes import Changes
from .config.settings import Settings, or_open_in_it
from .connect.sideband import SidebandConnection
from .events import ServerEvent
from .memory.items import Items
from .money.prices import Bill
from .protocol.client_events import ASIDE, item_of, saying, system_item
from .protocol.conversation import Conversation
from .protocol.deadlines import RESPONSE_TIMEOUT
from .protocol.history import History
from .protocol.hosted_calls import Answers
from .protocol.mcp_frames import McpNews
from .protocol.reconnected import Reconnected
from .protocol.recovery import RecoveringConversation
from .protocol.response import Reply
from .protocol.updates import Update
from .session import Session
from .shell.link import HEEDED, Link
from .shell.reply_sender import ReplySender
from .shell.rolling_over import Successor
from .shell.wiring import (
    mute_warnings,
    remote_errors,
    tool_errors,
    tool_warnings,
    turn_errors,
)

logger = logging.getLogger(__name__)

_OVER = "the conversation is over"
_OR_ELSE = or_open_in_it("open_session")


class Realtime(Processor):
    """Hold a spoken conversation with a model, and let the caller interrupt it.

    It ends when what feeds `hears` has ended (or `reads`, if nothing feeds `hears`):
    the last question is still answered, for which the model and its tools have 10 s,
    and what was answered is played to its end. A call that the service carries itself
    (``open_session(call_id=…)``) lasts until somebody hangs up.

    Args:
        session: an open one (`open_session`), lent for the length of the run.
        response_timeout: seconds without a sign of life of a reply that the model is
            making, after which it is cancelled and has failed; a model that reasons
            may think for some.

    Attributes:
        hears: the caller. With local turns its speech marks matter, otherwise only its
            audio does.
        speech: speech marks from another branch, for local turns when `hears` is fed
            straight from a telephone; audio on it is ignored.
        reads: written words and pictures from the caller; each text asks for a reply.
        results: what tools gave back, what they tell of their work, and decisions.
        says: the replies, ahead of time; a playout paces them.
        turns: each reply as it begins: its turn, to be watched, held, cut or timed.
        writes: the words of written replies, as they come.
        calls: tools that the model wants to run.
        transcripts: the words of both sides, said or written. A reader that is slow
            misses steps of what is still being said, never the end of it.
        interruptions: replies that were cut, with what was played of them.
        usage: tokens and money, reply by reply and transcript by transcript.
        pressed: the keys of a telephone, in a call that the service carries.
        mcp: tools that the service calls: listed, to be approved, called.
        reconnected: another session has taken the place of one that was lost, or would
            have been, and what could not be kept.
        events: all that the service says but audio, each in its type.

    Raises:
        SessionLost: from `run`, when the session was lost and there was no other in
            time, or none was to be tried (``open_session(reconnect=…)``).
        TransportError: likewise, when the service would not have another one.
        VoxpipeError: from `run`, when a reader of a port does not read.
    """

    hears = Input[CallerFrame](optional=True, takes=HEEDED)
    speech = Input[CallerFrame](optional=True, capacity=256)
    reads = Input[Text | Image](optional=True)
    results = Input[Answers](optional=True, feedback=True, capacity=256)
    says = Output[ReplyFrame]()
    turns = Output[ReplyStart]()
    writes = Output[Text]()
    calls = Output[ToolCall]()
    transcripts = Output[Transcript]()
    interruptions = Output[Interruption]()
    usage = Output[Usage]()
    pressed = Output[Dtmf]()
    mcp = Output[McpNews]()
    reconnected = Output[Reconnected]()
    events = Output[ServerEvent]()

    def __init__(
        self, session: Session, *, response_timeout: float = RESPONSE_TIMEOUT
    ) -> None:
        if not response_timeout > 0:
            raise ValueError(
                f"expected seconds of silence to wait for, got {response_timeout}"
            )
        self._connection, settings = session.connection, session.settings
        self._start = Start()
        recovers = None
        more: dict[str, Any] = {
            "host": session.host,
            "response_timeout": response_timeout,
            "on_over": self._wake,
            "start": self._start,
        }
        if session.reconnect is None:
            conversation = Conversation(settings, **more)
        else:
            say = session.reconnect.say
            conversation = recovers = RecoveringConversation(settings, say=say, **more)
        self._conversation: Conversation = conversation
        self._link = link = Link(self, session, conversation, recovers)
        self._sender = ReplySender(self.says, conversation.responses, link)
        self._items = Items(
            conversation, settings.audio, link.flush, link.moves, self.report
        )
        self.hears.format = settings.audio
        self.hears.or_else = _OR_ELSE
        self.says.format = settings.audio

    def _wake(self) -> None:
        self._link.wake()

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
        response = self._conversation.request(options, self._link.now())
        self._link.flush()
        return response.reply

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
        self._add_item(system_item(text))

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
        self._conversation.interrupt(self._link.now())
        self._link.flush()

    def end_turn(self) -> None:
        """Close the caller's turn and ask for a reply, as a released button does.

        All audio that has arrived belongs to the turn; less than 100 ms make none, and
        are not answered.
        """
        self._link.take_what_came()
        self._conversation.end_turn(self._link.now())
        self._link.flush()

    def update(self, **changes: Unpack[Changes]) -> Update:
        """Change settings of the session, such as ``instructions``, while it runs.

        Raises:
            ConfigurationError: the service forbids that, or forbids it now; or a value
                out of range, not for this model, or nothing that JSON can express.
            TypeError: no such field.
        """
        update = self._conversation.update(changes, self._link.now())
        self._link.flush()
        return update

    async def roll_over(self, **other: Unpack[Successor]) -> Reconnected:
        """Go on in another session, opened beside this one, as soon as nobody speaks.

        Args:
            other: what it has in place of what this one has: a ``service``, a
                ``model``, a ``voice``, which no update can give one that has spoken.

        Raises:
            ConfigurationError: never in this session, or a value that cannot be.
            SessionRefused, TransportError: there is no such one; all is as it was.
            SessionLost: this one was lost before, or does not run.
        """
        return await self._link.roll_over(other)

    def is_speaking(self) -> bool:
        """Whether a reply is being played now; one that is held is not."""
        return any(each.turn.state == "playing" for each in self._conversation.spoken)

    @property
    def activity(self) -> Activity:
        """What it does now; a reply that is held is not being heard."""
        conversation = self._conversation
        if self.is_speaking():
            return "speaking"
        if conversation.arbiter.speaking:
            return "hearing"
        return "listening" if conversation.is_idle(self._link.now()) else "thinking"

    @property
    def transcribes(self) -> bool:
        """Whether the caller's words come by `transcripts`, too."""
        return self.settings.transcription is not None

    @property
    def turn(self) -> Turn | None:
        """The reply that is being played, or the next to be; ``None`` in a pause."""
        return self._conversation.responses.turn

    @property
    def settings(self) -> Settings:
        """What the session is held to; `update` changes it."""
        return self._conversation.settings

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

    def failure_counts(self) -> Mapping[str, int]:
        """Replies that have failed, and everything else that was reported."""
        failed = self._conversation.outbox.failed_replies
        return {"failed_replies": failed, "faults": max(0, self.fault_count - failed)}

    def check(self) -> Iterable[str]:
        """No session, nobody to hear, tools not taken, or turns with no one owner."""
        yield from self._link.check()
        settings, hears, speech = self.settings, self.hears, self.speech
        is_carried = settings.call_id is not None
        if is_carried:
            yield from remote_errors(hears, speech, self.says)
        elif not hears.fed and not self.reads.fed:
            yield (
                f"nothing feeds {hears}: draw a route that ends `>> {hears}`, or "
                f"`>> {self.reads}` for a caller who writes"
            )
        yield from tool_errors(settings, self.calls, self.mcp, self.results)
        if not is_carried:
            yield from turn_errors(settings, hears, speech)

    async def run(self) -> None:
        """Converse until the caller has gone and the last reply is out."""
        try:
            await self._run()
        finally:
            self._sender.forsake()

    async def _run(self) -> None:
        settings, words = self.settings, (self.writes, self.transcripts)
        for warning in (
            *tool_warnings(settings, self.calls),
            *mute_warnings(settings, self.says, words),
        ):
            logger.warning("%s%s", call_record.label(), warning)
        async with self._link.running() as tasks:
            self._start.set()
            # Of a tool that the service calls, and of a person who decides on it,
            # whoever ends idle calls hears nothing.
            hosted = self._conversation.hosted
            with call_record.asked_for_work(lambda: hosted.any_open):
                await self._converse(tasks)

    async def _converse(self, tasks: TaskGroup) -> None:
        link = self._link
        tasks.start_soon(self._take_results)
        tasks.start_soon(link.follow_marks, self.speech)
        if isinstance(self._connection, SidebandConnection):
            tasks.start_soon(self._read)
            await self._connection.over()
            return
        tasks.start_soon(self._sender.run)
        if self.hears.fed:
            tasks.start_soon(self._read)
            await link.hear(self.hears)
        else:
            await self._read()
        await self._finish()

    async def _read(self) -> None:
        async for frame in self.reads:
            self._add(frame)
            if isinstance(frame, Text):
                self.ask()
            await self._link.send()

    async def _take_results(self) -> None:
        async for result in self.results:
            if self._link.observers:
                self._link.show("results", result)
            self._conversation.add_result(result, self._link.now())
            self._link.flush()

    async def _finish(self) -> None:
        """The caller has gone: let a last question be answered, and played."""
        conversation, link = self._conversation, self._link
        conversation.hang_up(link.now())
        link.flush()
        await link.settle()
        link.ending = True
        conversation.wind_up(_OVER)
        link.flush()
        with link.moves() as moved:
            while not conversation.responses.all_left:
                await moved.wait()
        conversation.end(_OVER)
        link.flush()

    def _add(self, frame: Text | Image, text: str = "") -> None:
        self._add_item(item_of(frame, text))

    def _add_item(self, item: dict[str, Any]) -> None:
        self._conversation.send("conversation.item.create", item=item)
        self._link.flush()
