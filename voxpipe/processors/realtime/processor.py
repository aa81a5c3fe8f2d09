"""The model as a box: hears, says, calls tools, and can be interrupted."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from anyio import create_task_group, current_time, move_on_after

from voxpipe.pipeline import (
    AudioFrame,
    Dtmf,
    Image,
    Input,
    Interruption,
    Output,
    Processor,
    ReplyEnd,
    SpeechStarted,
    SpeechStopped,
    Text,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
)

from .conversation import Conversation
from .events import ServerEvent
from .history import History
from .listening import CallerAudio
from .news import Bell, News
from .prices import Bill
from .replies import Reply
from .session import Session
from .settings import ServerVad

Heard = AudioFrame | SpeechStarted | SpeechStopped | Dtmf
Said = AudioFrame | ReplyEnd

LAST_WORDS = 10.0  # seconds for open replies and tools after the caller has gone


class Realtime(Processor):
    """Hold a spoken conversation with a model, and let the caller interrupt it.

    Args:
        session: an open one (`open_session`), lent for the length of the run.

    Attributes:
        hears: the caller. With local turns its speech marks matter, otherwise only its
            audio does.
        speech: speech marks from another branch, for local turns when `hears` is fed
            straight from a telephone; audio on it is ignored.
        reads: written words and pictures from the caller; each text asks for a reply.
        results: what tools gave back.
        says: the replies, ahead of time; an ear paces them.
        writes: the words of written replies, as they come.
        calls: tools that the model wants to run.
        transcripts: the words of both sides.
        interruptions: replies that were cut, with what was heard of them.
        usage: tokens and money, reply by reply.
        events: what the service says that voxpipe does not act on.

    Raises:
        SessionLost: from `run`, at every end of the session that was not asked for.
    """

    hears = Input[Heard]()
    speech = Input[Heard](optional=True, capacity=256)
    reads = Input[Text | Image](optional=True)
    results = Input[ToolResult](optional=True, feedback=True, capacity=256)
    says = Output[Said]()
    writes = Output[Text]()
    calls = Output[ToolCall]()
    transcripts = Output[Transcript]()
    interruptions = Output[Interruption]()
    usage = Output[Usage]()
    events = Output[ServerEvent]()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._conversation = Conversation(session.settings, self.report)
        self._caller = CallerAudio(session.settings)
        self._orders, self._audio = Bell(), Bell()
        self._calls, self._notes = News(), News()
        self._progress = Bell()
        self.hears.format = session.settings.audio
        self.says.format = session.settings.audio

    # --- what the program may ask of it, from any task of the conversation

    def say(self, text: str) -> Reply:
        """Have the model say ``text`` as it stands, when the floor is free."""
        return self.ask(
            instructions=f"Say exactly this, word for word, and nothing else: {text}",
            tool_choice="none",
            metadata={"voxpipe_say": text[:512]},
        )

    def ask(self, instructions: str | None = None, **options: Any) -> Reply:
        """Ask for a reply, when the floor is free.

        Args:
            instructions: for this reply only.
            options: further fields of the service's ``response.create``.
        """
        if instructions is not None:
            options["instructions"] = instructions
        reply = self._conversation.ask(options, current_time())
        self._flush()
        return reply

    def send_text(self, text: str) -> Reply:
        """Say something in writing, as the caller, and ask for a reply."""
        self.add_text(text)
        return self.ask()

    def add_text(self, text: str) -> None:
        """Put the caller's written words into the conversation without asking."""
        self._add_user({"type": "input_text", "text": text})

    def send_image(self, image: Image) -> None:
        """Show the model a picture; ask afterwards, or let the caller speak."""
        data = b64encode(image.data).decode("ascii")
        self._add_user(
            {
                "type": "input_image",
                "image_url": f"data:{image.media_type};base64,{data}",
                "detail": image.detail,
            }
        )

    def interrupt(self) -> None:
        """Silence the model now."""
        self._conversation.interrupt(current_time())
        self._flush()

    def end_turn(self) -> None:
        """Close the caller's turn and ask for a reply, as a released button does."""
        now = current_time()
        self._conversation.user_stopped(now, now)
        self._flush()

    def update(self, **fields: Any) -> None:
        """Change fields of the service's session object, such as ``instructions``."""
        self._conversation.outbox.append(
            {"type": "session.update", "session": {"type": "realtime", **fields}}
        )
        self._flush()

    @property
    def bill(self) -> Bill:
        """Tokens and money so far."""
        return self._conversation.bill

    @property
    def history(self) -> History:
        """The conversation as it was said and heard."""
        return self._conversation.history

    # --- wiring

    def check(self) -> Iterable[str]:
        """Tools without a taker, and turns with two owners or none."""
        settings, name = self._session.settings, self.name
        if settings.tools and not self.calls.read:
            yield (
                f"the session declares tools and nobody takes the calls: draw "
                f"`{name}.calls >> tools.calls` and `tools.results >> {name}.results`"
            )
        elif self.calls.read and not self.results.fed:
            yield (
                f"tool calls leave {name} and no results come back: draw "
                f"`tools.results >> {name}.results`"
            )
        marked = self.speech.fed or any(
            getattr(box, "marks_speech", False) for box in self.hears.through
        )
        if settings.turns == "local" and not marked:
            yield (
                f"turns are local and nobody marks speech: put Vad() in front of "
                f"{name}.hears, or draw a branch of it into {name}.speech"
            )
        elif settings.turns != "local" and self.speech.fed:
            yield (
                f"two owners of turn-taking: the session's own ({settings.turns}) and "
                f'what feeds {name}.speech; open the session with turns="local", or '
                "take the route away"
            )

    # --- life

    async def run(self) -> None:
        """Converse until the caller has gone and the last reply is out."""
        async with create_task_group() as tasks:
            tasks.start_soon(self._listen)
            tasks.start_soon(self._send_orders)
            tasks.start_soon(self._speak)
            tasks.start_soon(self._deliver, self._calls)
            tasks.start_soon(self._deliver, self._notes)
            tasks.start_soon(self._take_results)
            if self.speech.fed:
                tasks.start_soon(self._follow_marks)
            if self.reads.fed:
                tasks.start_soon(self._read)
            self._flush()
            try:
                await self._hear()
                with move_on_after(LAST_WORDS):
                    await self._finish()
            finally:
                self._conversation.end("the conversation is over")
            tasks.cancel_scope.cancel()

    async def _listen(self) -> None:
        connection, conversation = self._session.connection, self._conversation
        while True:
            message = await connection.receive()
            conversation.receive(message, current_time())
            self._flush()

    async def _send_orders(self) -> None:
        connection, outbox = self._session.connection, self._conversation.outbox
        while True:
            while outbox:
                await connection.send(json.dumps(outbox.popleft()))
            # Wishes may come due by time alone: when an expected reply does not come.
            waits = 1.0 if self._conversation.arbiter.has_wishes else None
            with move_on_after(waits):
                await self._orders.heard()
            self._conversation.pump(current_time())

    async def _speak(self) -> None:
        while True:
            reply = self._next_to_speak()
            if reply is None:
                await self._audio.heard()
                continue
            while reply.store:
                frame = reply.store.popleft()
                reply.stored -= frame.duration
                if reply.turn.timings.first_sent is None:
                    reply.turn.timings.first_sent = current_time()
                await self.says.send(frame)
            if reply.closed and not reply.ended:
                await self.says.send(ReplyEnd(turn=reply.turn))
                reply.ended = True
                self._progress.ring()

    def _next_to_speak(self) -> Reply | None:
        for reply in self._conversation.spoken:
            if not reply.ended and not reply.turn.is_cut:
                return reply if reply.store or reply.closed else None
        return None

    async def _deliver(self, news: News) -> None:
        while True:
            while news.frames:
                port, frame = news.frames.popleft()
                await getattr(self, port).send(frame)
            await news.bell.heard()

    async def _hear(self) -> None:
        send = self._session.connection.send
        async for frame in self.hears:
            if isinstance(frame, AudioFrame):
                for audio in self._caller.take(frame):
                    await send(_append(audio))
                    self._conversation.appended(audio.duration, current_time())
            elif isinstance(frame, SpeechStarted | SpeechStopped):
                await self._mark(frame)

    async def _follow_marks(self) -> None:
        async for frame in self.speech:
            if isinstance(frame, SpeechStarted | SpeechStopped):
                await self._mark(frame)

    async def _mark(self, mark: SpeechStarted | SpeechStopped) -> None:
        if self._session.settings.turns != "local":
            return
        now = current_time()
        if isinstance(mark, SpeechStarted):
            self._conversation.user_started(now)
            self._flush()
            for audio in self._caller.begin(mark.at):
                await self._session.connection.send(_append(audio))
                self._conversation.appended(audio.duration, current_time())
        else:
            stopped_at = self._caller.end(mark.at, now)
            if stopped_at is not None:
                self._conversation.user_stopped(stopped_at, now)
                self._flush()

    async def _read(self) -> None:
        async for frame in self.reads:
            if isinstance(frame, Text):
                self.send_text(frame.text)
            else:
                self.send_image(frame)

    async def _take_results(self) -> None:
        async for result in self.results:
            self._conversation.add_result(result, current_time())
            self._flush()

    async def _finish(self) -> None:
        """The caller has gone: let a last question be answered."""
        settings, now = self._session.settings, current_time()
        detection = settings.detection
        if detection is not None:
            wait = detection.silence_ms if isinstance(detection, ServerVad) else 500
            silence = AudioFrame(
                data=settings.audio.silence(wait / 1000 + 0.4), format=settings.audio
            )
            await self._session.connection.send(_append(silence))
            self._conversation.appended(silence.duration, now)
        elif self._caller.is_open:
            self.end_turn()
        settle = 1.0 if detection else 0.2  # seconds in which the service may react
        while True:
            quiet = False
            with move_on_after(settle) as patience:
                await self._progress.heard()
            quiet = patience.cancelled_caught
            if quiet and self._conversation.is_idle(current_time()):
                return

    def _add_user(self, part: dict[str, Any]) -> None:
        self._conversation.add_item(
            {"type": "message", "role": "user", "content": [part]}
        )
        self._flush()

    def _flush(self) -> None:
        """Wake whoever has something to do after the conversation has moved."""
        conversation = self._conversation
        while conversation.news:
            port, frame = conversation.news.popleft()
            (self._calls if port == "calls" else self._notes).add(port, frame)
        if conversation.outbox or conversation.arbiter.has_wishes:
            self._orders.ring()
        self._audio.ring()
        self._progress.ring()


def _append(audio: AudioFrame) -> str:
    # base64 was checked where it came in, so it can be put between quotes as it is.
    return f'{{"type":"input_audio_buffer.append","audio":"{audio.base64}"}}'
