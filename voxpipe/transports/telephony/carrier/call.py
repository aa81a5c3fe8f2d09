"""A call over a carrier's WebSocket: one task reads what comes, one plays what is said.

All that carriers have in common is here; what each has of its own is its `Codec`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import ClassVar, Self

from anyio import (
    EndOfStream,
    move_on_after,
    sleep,
    sleep_forever,
)
from anyio.abc import TaskGroup

from voxpipe.pipeline import Dtmf, Intake, Playout, Turn
from voxpipe.pipeline.queue import Delivery
from voxpipe.pipeline.runtime.timer import timers
from voxpipe.transports.telephony.call import CallEnd
from voxpipe.transports.telephony.loudness import loudness
from voxpipe.transports.telephony.socket import QuickSocket, Socket

from .codec import MAX_MESSAGE, Codec, Message
from .events import (
    MAX_SLOWED,
    Audio,
    Complaint,
    Digit,
    Event,
    Marked,
    Own,
    Paused,
    Played,
    Resumed,
    Slowed,
    Sounding,
    Started,
    Stopped,
    Unknown,
    Wanted,
    WireError,
)
from .greeting import start_of
from .speaking import CLOSE_TIMEOUT, SpeakingCall

GAP = 50  # milliseconds that may be missing, more than two frames, before we say so
JUDGE_EVERY = 0.1  # seconds; a syllable of speech is not shorter
EARLY = 0.05  # seconds by which all may have been played before we think so


class CarrierCall(SpeakingCall):
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
        super().__init__(socket, codec, start)
        self.unknown = 0
        self._parse = codec.parse
        self._intake = Intake(start.format, self.report)
        self._is_loud = loudness(start.format)
        self._due: int | None = None  # ms: the timestamp of the next audio
        self._judge_at = 0.0  # when to look next whether the caller speaks
        self._has_said_goodbye = False
        self._is_reading = False  # waits for a message, with none in hand
        # Of a message that was taken at once, and wakes the task that listens: what
        # readers had no room for, what is to be answered, or what a box has raised.
        self._rest: Sequence[Delivery] | Wanted | Exception = ()

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

    async def disconnect(self) -> None:
        """As `Call.disconnect`."""
        self._end("agent")
        await self._socket.close()

    def _begin(self, playout: Playout, tasks: TaskGroup) -> None:
        self._now = timers().now  # asked for every message
        self._deaf.begin(playout, tasks)
        tasks.start_soon(self._listen)
        self._take(self._take_at_once)
        if self._shaper is not None:
            tasks.start_soon(self._shaper.run, self._write_rest)

    def _finish(self) -> None:
        self._take(None)
        self._deaf.end()
        self._rest = ()

    def _take(self, function: Callable[[Message], bool] | None) -> None:
        if isinstance(self._socket, QuickSocket):
            self._socket.take_at_once(function)

    async def _part(self) -> None:
        if self._shaper is not None and self._shaper.waits:
            self._shaper.hurry()
            await sleep(await self._write_rest())
        self._has_said_goodbye = True
        if await self._send(self._codec.goodbye):
            with move_on_after(CLOSE_TIMEOUT):
                await sleep_forever()  # until the carrier says that it stops

    def _whose(self, end: CallEnd) -> CallEnd:
        return "agent" if self._has_said_goodbye else end

    def _end(self, by: CallEnd) -> None:
        super()._end(self._whose(by))

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
                while isinstance(rest, Wanted):
                    if isinstance(rest.then, Stopped):  # whether or not it waits for
                        self.ended = self.ended or self._whose("caller")  # the answer
                    await self._send(partial(_answer, rest))
                    rest = () if rest.then is None else self._act(rest.then)
                await self.heard.deliver(rest)
        except EndOfStream:
            self._end(self._codec.silent_end)

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
            return [left for each in event for left in self._sort_out(each)]
        return () if event is None else self._act(event)

    def _sort_out(self, each: Audio | Complaint) -> Sequence[Delivery]:
        if isinstance(each, tuple):
            return self._hear(each)
        self.report(each.why)
        return ()

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
                self._confirm(self._marks.returned(event.name))
                self._deaf.returned(event.name, self.heard_at)
            case Sounding():
                self._confirm(self._marks.sounding())
            case Played():
                if self.heard_at > self.spoke_at - EARLY:  # or more is on its way
                    self._confirm(self._marks.played())
            case Paused():
                self._pause()
            case Resumed():
                self._due = None  # what was said meanwhile is no gap
                self._go_on()
            case Slowed():
                if self._tasks is not None:
                    self._tasks.start_soon(self._hold, min(event.seconds, MAX_SLOWED))
            case Complaint():
                self.report(event.why)
                if event.then is not None:
                    return self._act(event.then)
            case Stopped():
                self._end("caller")
            case Digit():
                if not self._hung_up:
                    return self.pressed.send_nowait(Dtmf(digit=event.digit))
            case Wanted():
                return event
            case Started():
                self.report("expected what happens in a call, got the start of another")
            case Unknown() | Own():
                self.unknown += 1
        return ()

    def _confirm(self, found: tuple[Turn, float] | None) -> None:
        if found is not None and self._playout is not None:
            self._playout.confirm(*found)


def _answer(wanted: Wanted) -> Sequence[Message]:
    return (wanted.answer(),)
