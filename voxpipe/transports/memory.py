"""A phone whose other side is the program: for tests, demos and bridges.

The line is a clock: ``_until`` is the moment up to which it is filled. Speech fills it
at the pace of speech, and on a line with a background, silence fills the rest, as a
real telephone sends frames whether or not somebody speaks.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

from anyio import (
    EndOfStream,
    Lock,
    create_task_group,
    current_time,
    sleep_until,
)
from anyio.abc import TaskGroup

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Intake,
    Output,
    Playout,
    PlayoutInput,
    Processor,
    ReplyFrame,
    Turn,
)
from voxpipe.pipeline.audio import bytes_of, check_entry
from voxpipe.pipeline.runtime.start import Start
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.pipeline.runtime.words import one_of

from .tap import Tap

FRAME = 0.02  # seconds; what telephones send
MAX_KEPT = 5.0  # seconds of speech kept for a program that is slow to `listen`

Background = Literal["silence", "nothing"]


class MemoryPhone(Processor):
    """One call without wires: ``say`` and ``play`` speak, ``listen`` hears the agent.

    Without a route into ``speaks`` the call goes on until somebody hangs up, or nobody
    listens any more.

    Its orders may come from any task of the conversation, and wait until the pipeline
    runs, 10 s at most. What is said that cannot be audio is counted, dropped and
    reported.

    Args:
        format: of both directions.
        background: ``silence`` keeps the line filled in real time, ``nothing`` leaves
            it still while nobody speaks.

    Attributes:
        missed: frames of speech that made room for newer ones before they were
            listened to.
    """

    heard = Output[AudioFrame]()
    speaks = PlayoutInput[ReplyFrame](optional=True)
    played = Output[AudioFrame]()

    def __init__(
        self,
        format: AudioFormat,
        *,
        background: Background = "nothing",
    ) -> None:
        one_of(Background, background, "background")
        self.format = format
        self.heard.format = self.speaks.format = self.played.format = format
        self.missed = 0
        self._background = background
        self._intake = Intake(format, self.report)
        self._mouth = Lock(fast_acquire=True)  # one speaks at a time
        self._until = 0.0
        self._start = Start()
        self._over = False
        self._hung_up = False
        self._tasks: TaskGroup | None = None  # while it runs
        self._playout: Playout | None = None
        self._turn: Turn | None = None  # the reply that was played last
        self._kept: deque[AudioFrame] = deque()
        self._kept_seconds = 0.0
        self._news = Wakeup()

    # --- the program's side

    async def say(self, audio: bytes | AudioFrame) -> bool:
        """Let audio arrive now, in one piece, as a message from outside does.

        Returns:
            ``False`` when the call is over, or nobody listens any more.

        Raises:
            FormatError: it is no audio, such as an array.
            VoxpipeError: the pipeline was not started within 10 s.
        """
        audio = _checked(audio)
        await self._start.awaited("who listens to a caller")
        async with self._mouth:
            return await self._send(audio)

    async def play(self, audio: bytes | AudioFrame) -> bool:
        """Speak at the pace of speech, in frames of 20 ms; returns after the last.

        Returns:
            ``False`` when the call is over, or nobody listens any more.

        Raises:
            FormatError: it is no audio, such as an array, or of another format.
            VoxpipeError: the pipeline was not started within 10 s.
        """
        audio = _checked(audio)
        if isinstance(audio, AudioFrame):
            check_entry(audio.format, "the frame", self.format, "the phone")
            audio = audio.data
        await self._start.awaited("who listens to a caller")
        async with self._mouth:
            if self._background == "nothing":
                self._until = current_time()
            step = self.format.bytes_in(FRAME)
            for at in range(0, len(audio), step) or (0,):
                piece = audio[at : at + step]
                seconds = len(piece) / self.format.bytes_per_second
                await sleep_until(self._until + seconds)
                if not await self._send(piece):
                    return False
        return True

    async def listen(self) -> AudioFrame:
        """What was heard next of what the agent says, cut where it was cut.

        Raises:
            EndOfStream: the call is over, and all of it was listened to.
            VoxpipeError: the pipeline was not started within 10 s.
        """
        await self._start.awaited("what the agent says")
        while not self._kept:
            if self._over:
                raise EndOfStream
            await self._news.wait()
        frame = self._kept.popleft()
        self._kept_seconds -= frame.duration
        return frame

    def hang_up(self) -> None:
        """End the call after the agent's last word, as `Call.hang_up` does.

        Nothing more is heard of what the program says; it can `listen` to the end.
        """
        if not self._hung_up:
            self._hung_up = True
            if self._tasks is not None and self._playout is not None:
                self._tasks.start_soon(self.heard.end)
                self._playout.end()

    def disconnect(self) -> None:
        """The line is gone now: what was not yet heard never will be."""
        self._over = True
        self._start.set()
        self._news.set()
        if self._turn is not None:
            self._turn.cut()
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    # --- the pipeline's side

    async def run(self) -> None:
        """Carry the call until the agent's stream has ended, or the line is gone."""
        if self._over:
            return
        self._until = current_time()
        self._start.set()
        tap = Tap(self.played, self._keep)
        playout = Playout(
            self.speaks, self._begin, clear=_forget, played=tap, basis="measured"
        )
        try:
            async with create_task_group() as tasks:
                self._tasks, self._playout = tasks, playout
                if self._hung_up:
                    await self.heard.end()
                    playout.end()
                if self._background == "silence":
                    tasks.start_soon(self._fill)
                await playout.run()
                tasks.cancel_scope.cancel()
        finally:
            self._over = True
            self._tasks = self._playout = None
            self._news.set()

    async def _send(self, audio: bytes | AudioFrame) -> bool:
        if self._over or self._hung_up:
            return False
        if isinstance(audio, AudioFrame):
            frame = self._intake.check(audio)
        else:
            frame = self._intake.feed(audio)
        if frame is None:
            return True
        self._until += frame.duration
        listens = await self.heard.send(frame)
        if not listens and self._playout is not None:
            self._playout.end()  # if nothing speaks either
        return listens

    async def _fill(self) -> None:
        silence = self.format.silence(FRAME)
        while not self._hung_up:
            await sleep_until(self._until + FRAME)
            async with self._mouth:
                if self._until + FRAME <= current_time():
                    await self._send(silence)

    async def _begin(self, frame: AudioFrame) -> None:
        self._turn = frame.turn

    def _keep(self, frame: AudioFrame) -> None:
        self._kept.append(frame)
        self._kept_seconds += frame.duration
        while self._kept_seconds > MAX_KEPT and len(self._kept) > 1:
            self._kept_seconds -= self._kept.popleft().duration
            self.missed += 1
        self._news.set()


def _checked(audio: Any) -> bytes | AudioFrame:
    return audio if isinstance(audio, bytes | AudioFrame) else bytes_of(audio)


async def _forget(_: Turn | None) -> None:
    """There is nothing to clear: what Playout has not counted was not heard."""
