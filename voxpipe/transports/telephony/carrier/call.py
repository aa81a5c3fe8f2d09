"""A call over a carrier's WebSocket: one task reads what comes, one plays what is said.

All that carriers have in common is here; what each has of its own is its `Codec`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar, Self

from anyio import (
    BrokenResourceError,
    EndOfStream,
    create_task_group,
    current_time,
    move_on_after,
    sleep_forever,
)
from anyio.abc import TaskGroup

from voxpipe.pipeline import AudioFrame, Dtmf, Intake, Playout, Turn
from voxpipe.pipeline.queue import Delivery
from voxpipe.pipeline.runtime.timer import timers
from voxpipe.transports.telephony.call import Call, CallEnd
from voxpipe.transports.telephony.loudness import loudness
from voxpipe.transports.telephony.socket import QuickSocket, Socket
from voxpipe.transports.telephony.tones import check_keys, tone

from .codec import MAX_MESSAGE, Codec, Message
from .deaf import Deaf
from .events import (
    Audio,
    Digit,
    Event,
    Marked,
    Started,
    Stopped,
    Unknown,
    Wanted,
    WireError,
)
from .greeting import start_of
from .marks import Marks

CLOSE_TIMEOUT = 1.0  # seconds to read a last word, or to close
GAP = 50  # milliseconds that may be missing, more than two frames, before we say so
MAX_KEYS = 128  # pressed and not yet sounding
JUDGE_EVERY = 0.1  # seconds; a syllable of speech is not shorter
FRAME = 0.02  # seconds; the shortest that carriers play


class CarrierCall(Call):
    """One call; made by `accept`.

    It can run again when its pipeline has failed, as long as the carrier is there: to
    apologise. Messages that are not the carrier's, or of another stream, are counted,
    dropped and reported; so is a gap in what the caller says, which is not filled.

    Args:
        socket: the connection; it stays open, and the caller's.
        codec: has read its first messages.
        start: what they have said.

    Attributes:
        unknown: messages of a kind that is not known here.
    """

    codec: ClassVar[type[Codec]]

    def __init__(self, socket: Socket, codec: Codec, start: Started) -> None:
        self.heard.format = self.speaks.format = self.played.format = start.format
        self.format = start.format
        self.id = start.call_id
        self.caller, self.called = start.caller, start.called
        self.parameters: Mapping[str, str] = start.parameters
        self.ended: CallEnd = ""
        self.replies = 0
        self.cost_usd: float | None = None
        self.spoke_at = self.caller_spoke_at = self.heard_at = current_time()
        self.unknown = 0
        self._now = current_time
        self._sending_since: float | None = None
        self._socket = socket
        self._codec = codec
        self._parse = codec.parse
        self._intake = Intake(start.format, self.report)
        self._is_loud = loudness(start.format)
        self._due: int | None = None  # ms: the timestamp of the next audio
        self._judge_at = 0.0  # when to look next whether the caller speaks
        self._marks = Marks()
        self._deaf = Deaf(self._ask)
        self._keys: list[AudioFrame] = []  # tones that do not sound yet
        self._last: Turn | None = None  # the reply of which something was sent last
        self._has_price = True  # so far, all that was charged
        self._hung_up = False
        self._has_run = False
        self._is_reading = False  # waits for a message, with none in hand
        # Of a message that was taken at once, and wakes the task that listens: what
        # readers had no room for, what is to be answered, or what a box has raised.
        self._rest: Sequence[Delivery] | Wanted | Exception = ()
        self._tasks: TaskGroup | None = None  # while it runs
        self._playout: Playout | None = None

    @classmethod
    @asynccontextmanager
    async def accept(cls, socket: Socket) -> AsyncGenerator[Self]:
        """Read who calls; the socket is closed when the context is left.

        Raises:
            TransportError: no call came within 5 s, or one that cannot be answered.
        """
        code = 1002  # a protocol error, unless we get further
        try:
            codec = cls.codec()
            start = await start_of(socket, codec)
            code = 1000
            yield cls(socket, codec, start)
        finally:
            with move_on_after(CLOSE_TIMEOUT, shield=True):
                await socket.close(code)

    def hang_up(self) -> None:
        """As `Call.hang_up`."""
        if not self._hung_up:
            self._hung_up = True
            if self._tasks is not None and self._playout is not None:
                self._tasks.start_soon(self._end_hearing)
                self._playout.end()

    async def disconnect(self) -> None:
        """As `Call.disconnect`."""
        self._end("agent")
        await self._socket.close()

    def press(self, keys: str) -> None:
        """As `Call.press`.

        Raises:
            ValueError: a key that no telephone has, or more than 128 that wait.
        """
        check_keys(keys)
        if len(self._keys) + len(keys) > MAX_KEYS:
            raise ValueError(
                f"at most {MAX_KEYS} keys can wait to be pressed: {len(self._keys)} "
                f"do, {len(keys)} are one too many"
            )
        for key in keys:
            frame = tone(key, self.format)
            self._keys.append(frame)
            if self._playout is not None:
                self._playout.insert(frame)

    @property
    def sending_since(self) -> float | None:
        """As `Call` has it."""
        since = self._deaf.since
        return self._sending_since if since is None else since

    async def run(self) -> None:
        """Carry the call until one side ends it."""
        async with create_task_group() as tasks:
            if self.charges.fed:
                tasks.start_soon(self._add_up)
            await self._carry()
            self.speaks.finish()
            # The model ends when these do, and has the last charge for us then.
            await self._end_hearing()

    async def _carry(self) -> None:
        if self.ended in ("caller", "lost"):
            return
        self.ended = ""
        self._now = timers().now  # asked for every message
        playout = Playout(
            self.speaks,
            self._write,
            clear=self._clear,
            played=self.played if self.played.read else None,
        )
        for frame in self._keys:
            playout.insert(frame)
        try:
            async with create_task_group() as tasks:
                self._tasks, self._playout = tasks, playout
                self._deaf.begin(playout, tasks)
                tasks.start_soon(self._listen)
                self._take(self._take_at_once)
                if self._hung_up:
                    await self._end_hearing()
                    playout.end()
                if self._has_run:
                    await self._clear(None)  # of what a pipeline that failed has left
                self._has_run = True
                await playout.run()
                if not self.ended:
                    await self._send(self._codec.goodbye())
                self._end("agent")
        finally:
            self._take(None)
            self._tasks = self._playout = None
            self._deaf.end()
            self._rest = ()
            self._keys.clear()

    def _take(self, function: Callable[[Message], bool] | None) -> None:
        if isinstance(self._socket, QuickSocket):
            self._socket.take_at_once(function)

    def _end(self, by: CallEnd) -> None:
        self.ended = self.ended or by
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    async def _end_hearing(self) -> None:
        await self.heard.end()
        await self.pressed.end()

    # --- what the carrier says

    async def _listen(self) -> None:
        receive = self._socket.receive
        try:
            while not self.ended:
                self._is_reading = True
                message = await receive()
                self._is_reading = False
                rest, self._rest = self._rest, ()
                rest = rest or self._heed(message)
                if isinstance(rest, Exception):
                    raise rest
                if isinstance(rest, Wanted):
                    await self._send((rest.answer,))
                else:
                    await self.heard.deliver(rest)
        except EndOfStream:
            self._end("lost")

    def _take_at_once(self, message: Message) -> bool:
        """As the task that listens, which is woken for nothing but what is left."""
        if not self._is_reading or self.ended or len(message) > MAX_MESSAGE:
            return False  # of what is too long the socket takes care
        try:
            self._rest = self._heed(message)
        except Exception as error:  # noqa: BLE001  # a box's: this is no place for it
            self._rest = error
        return not self._rest

    def _heed(self, message: Message) -> Sequence[Delivery] | Wanted:
        """Do what a message says; returns what is left of it to be done."""
        self.heard_at = self._now()
        try:
            event = self._parse(message)
        except WireError as error:
            self.report(str(error))
            return ()
        if isinstance(event, tuple):
            return self._hear(event)
        if isinstance(event, list):
            return [left for each in event for left in self._hear(each)]
        return () if event is None else self._act(event)

    def _hear(self, audio: Audio) -> Sequence[Delivery]:
        payload, at = audio
        intake = self._intake
        if isinstance(payload, str):
            frame = intake.feed_base64(payload)
        else:
            frame = intake.feed(payload)
        if frame is None:
            return ()
        if at is not None:
            due = self._due
            if due is not None and at > due + GAP:
                self.report(f"{at - due} ms of what the caller said are missing")
            self._due = at + round(frame.duration * 1000)
        if self._hung_up:
            return ()
        now = self.heard_at
        if now >= self._judge_at:
            self._judge_at = now + JUDGE_EVERY
            if self._is_loud(frame.data):
                self.caller_spoke_at = now
            if self.heard.abandoned and self._playout is not None:
                self._playout.end()  # if nothing speaks either
        return self.heard.send_nowait(frame)

    def _act(self, event: Event) -> Sequence[Delivery] | Wanted:
        match event:
            case Marked():
                found = self._marks.returned(event.name)
                if found is not None and self._playout is not None:
                    self._playout.confirm(*found)
                self._deaf.returned(event.name, self.heard_at)
            case Stopped():
                self._end("caller")
            case Digit():
                if not self._hung_up:
                    return self.pressed.send_nowait(Dtmf(digit=event.digit))
            case Wanted():
                return event
            case Started():
                self.report("expected what happens in a call, got the start of another")
            case Unknown():
                self.unknown += 1
        return ()

    # --- what we say

    async def _write(self, frame: AudioFrame) -> None:
        turn = frame.turn
        if self._keys and frame is self._keys[0]:
            del self._keys[0]
        self.spoke_at = self._now() + frame.duration
        if turn is not None and turn is not self._last:
            self._last = turn
            self.replies += 1
        await self._give(frame, self._marks.after(frame))

    async def _give(self, frame: AudioFrame, mark: str | None) -> None:
        await self._send(self._codec.audio(frame, mark))
        self._deaf.sent(frame, mark, self._now())

    async def _ask(self, mark: str) -> None:
        silence = AudioFrame(data=self.format.silence(FRAME), format=self.format)
        await self._give(silence, mark)

    async def _clear(self, _: Turn | None) -> None:
        self._marks.forget()
        self._deaf.forget()
        self.spoke_at = min(self.spoke_at, self._now())
        await self._send(self._codec.clear())

    async def _send(self, messages: Sequence[Message]) -> None:
        self._sending_since = self._now()
        try:
            for each in messages:
                await self._socket.send(each)
        except BrokenResourceError:
            # Its farewell may wait to be read: the reader ends this task then.
            with move_on_after(CLOSE_TIMEOUT):
                await sleep_forever()
            self._end("lost")
            await sleep_forever()
        finally:
            self._sending_since = None

    # --- what it costs

    async def _add_up(self) -> None:
        async for usage in self.charges:
            if usage.cost_usd is None:
                self._has_price, self.cost_usd = False, None
            elif self._has_price:
                self.cost_usd = (self.cost_usd or 0.0) + usage.cost_usd
