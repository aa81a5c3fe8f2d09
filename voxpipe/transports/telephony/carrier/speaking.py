"""The half of a call that speaks: one message after the other, audio in its shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from anyio import (
    BrokenResourceError,
    Event,
    Lock,
    current_time,
    move_on_after,
    sleep,
    sleep_forever,
)

from voxpipe.pipeline import AudioFrame, Turn
from voxpipe.transports.telephony.playout_call import PlayoutCall
from voxpipe.transports.telephony.socket import Socket

from .codec import Codec, Message
from .deaf import Deaf
from .events import Started
from .marks import Marks
from .shape import Shaper

CLOSE_TIMEOUT = 1.0  # seconds to read a last word, or to close
FRAME = 0.02  # seconds; the shortest that carriers play


class SpeakingCall(PlayoutCall):
    """What is said to a carrier.

    Args:
        socket: the connection.
        codec: the carrier's words.
        start: what it has said of the call.
    """

    def __init__(self, socket: Socket, codec: Codec, start: Started) -> None:
        super().__init__(
            start.format,
            id=start.call_id,
            caller=start.caller,
            called=start.called,
            parameters=start.parameters,
        )
        self._now: Callable[[], float] = current_time
        self._sending_since: float | None = None
        self.paused = False
        self._socket = socket
        self._codec = codec
        self._marks = Marks()
        self._deaf = Deaf(self._ask)
        self._given: list[tuple[AudioFrame, str | None]] = []  # but not sent yet
        shape = codec.shape(start.format)
        self._shaper = None if shape is None else Shaper(shape, start.format)
        if self._shaper is not None:
            self._lead += self._shaper.lead
        self._sending = Lock(fast_acquire=True)  # two tasks have something to say
        self._goes_on: Event | None = None  # while paused

    @property
    def sending_since(self) -> float | None:
        """As `Call` has it."""
        since = self._deaf.since
        return self._sending_since if since is None else since

    def _pause(self) -> None:
        self.paused, self._goes_on = True, self._goes_on or Event()

    async def _hold(self, seconds: float) -> None:
        self._goes_on = goes_on = self._goes_on or Event()
        await sleep(seconds)
        if self._goes_on is goes_on and not self.paused:
            self._go_on()

    def _go_on(self) -> None:
        self.paused = False
        if self._goes_on is not None:
            self._goes_on.set()
            self._goes_on = None

    async def _write(self, frame: AudioFrame) -> None:
        turn = frame.turn
        while self._goes_on is not None:
            await self._goes_on.wait()
            if turn is not None and turn.is_cut:
                return
        if self._keys and frame is self._keys[0][1]:
            self._keys.popleft()
        self.spoke_at = self._now() + frame.duration
        if turn is not None and turn is not self._last:
            self._last = turn
            self.replies += 1
        if self._shaper is None:
            await self._send(partial(self._marked, frame))
        else:
            await self._send(partial(self._shaped, self._shaper, frame))

    def _marked(self, frame: AudioFrame) -> Sequence[Message]:
        mark = self._marks.after(frame)
        return self._give(frame, mark if self._codec.has_marks else None)

    def _give(self, frame: AudioFrame, mark: str | None) -> Sequence[Message]:
        self._given.append((frame, mark))
        return self._codec.audio(frame, mark)

    async def _ask(self, mark: str) -> None:
        """Whether the carrier still hears: some silence, and a mark behind it."""
        seconds = FRAME
        if self._shaper is not None:
            seconds = max(seconds, self._shaper.least)
        silence = AudioFrame(data=self.format.silence(seconds), format=self.format)
        await self._send(partial(self._give, silence, mark))

    def _shaped(self, shaper: Shaper, frame: AudioFrame) -> Sequence[Message]:
        return [each for piece in shaper.add(frame) for each in self._marked(piece)]

    async def _write_rest(self) -> float:
        """Send what waits for more to make a piece; returns how long it lasts."""
        seconds = 0.0

        def rest() -> Sequence[Message]:
            nonlocal seconds
            piece = None if self._shaper is None else self._shaper.rest()
            if piece is None:
                return ()
            seconds = piece.duration
            return self._give(piece, None)

        while self._goes_on is not None:
            await self._goes_on.wait()
        await self._send(rest)
        return seconds

    async def _clear(self, _: Turn | None) -> None:
        self.spoke_at = min(self.spoke_at, self._now())
        await self._send(self._cleared)

    def _cleared(self) -> Sequence[Message]:
        self._marks.forget()
        self._deaf.forget()
        if self._shaper is not None:
            self._shaper.forget()
        return self._codec.clear()

    async def _send(self, write: Callable[[], Sequence[Message]]) -> bool:
        """Send what ``write`` says when it is its turn; whether it has said something.

        It is asked then, and not before, so that nothing is overtaken: not a piece of
        speech by the next, nor, where messages are numbered, the first by the second.
        """
        async with self._sending:
            messages = write()
            given, self._given = self._given, []
            await self._send_all(messages)
            for frame, mark in given:
                self._deaf.sent(frame, mark, self._now())
        return bool(messages)

    async def _send_all(self, messages: Sequence[Message]) -> None:
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
