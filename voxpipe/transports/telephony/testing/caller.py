"""A caller on a line: speaks in real time, listens, presses keys, hangs up."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal, Self

from anyio import (
    AsyncContextManagerMixin,
    BrokenResourceError,
    CancelScope,
    EndOfStream,
    Event,
    Lock,
    create_task_group,
    current_time,
    move_on_after,
    sleep_forever,
    sleep_until,
)

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.pipeline.runtime.wakeup import Wakeup

from .leg import Leg
from .lines import CallerLine
from .measurements import Measurements
from .speech import Speech

CLOSE_TIMEOUT = 2.0  # seconds for saying goodbye to a server that may not listen
AGENT_TIMEOUT = 30.0  # seconds that a caller waits for the agent, unless told otherwise
PATIENCE = 60.0  # seconds; a script that waits for nothing does not wait for long

Said = bytes | AudioFrame | Speech
"""Bytes in the carrier's format; a frame of it, or of pcm16 at its rate; `Speech`."""


class Caller(AsyncContextManagerMixin):
    """The caller's end of one call; silent wherever nothing else is asked for.

    Leaving the ``async with`` block hangs up.

    Args:
        leg: the protocol.
        line: the connection; it is closed at the end.
        patience: seconds of silence after which `wait_closed` waits no more.

    Attributes:
        ended: who ended the call: ``caller`` (that is you), ``agent`` (who closed the
            connection with 1000), or ``lost``; empty while it lasts.
    """

    def __init__(
        self, leg: Leg, line: CallerLine, *, patience: float = PATIENCE
    ) -> None:
        self.ended: Literal["", "caller", "agent", "lost"] = ""
        self._leg = leg
        self._line = line
        self._patience = patience
        self._spoke_at = -math.inf
        self._mouth = Lock(fast_acquire=True)
        self._deaf_until = -math.inf
        self._dropped = False
        self._news = Wakeup()
        self._over = Event()
        self._talking = CancelScope()

    @property
    def measured(self) -> Measurements:
        """What the call looked like, so far."""
        return self._leg.measured

    @property
    def format(self) -> AudioFormat:
        """Of the audio, both ways."""
        return self._leg.words.format

    @property
    def sid(self) -> str:
        """The carrier's name for the call."""
        return self._leg.words.call_id

    @property
    def close_code(self) -> int | None:
        """With which the connection was closed; ``None`` if it was not, or broken."""
        return self._line.close_code

    # --- speaking

    async def say(self, audio: Said) -> bool:
        """Speak in real time; returns after the last frame.

        Returns:
            ``False`` when the call was over before that.

        Raises:
            FormatError: audio that a telephone does not take.
        """
        speech = Speech.of(audio, self.format)
        async with self._mouth:
            self._leg.say(speech)
            try:
                while self._leg.speaking and not self.ended:
                    await self._news.wait()
            finally:
                said_all = self._leg.hush()
                self._spoke_at = current_time()
        return said_all

    async def interrupt(
        self, audio: Said, *, after: float = 1.0, timeout: float = AGENT_TIMEOUT
    ) -> AudioFrame:
        """Wait until the agent has been speaking for so long, and talk over it.

        Returns:
            What was heard of the agent: up to its ``clear``, or all of it when it did
            not let itself be interrupted.

        Raises:
            TimeoutError: the agent did not speak for so long.
            EndOfStream: the call was over before.
            FormatError: audio that a telephone does not take.
        """
        speech = Speech.of(audio, self.format)
        await self._wait_for_agent(after, current_time() + timeout)
        clears = self.measured.clears
        await self.say(speech)
        playback = self._leg.playback
        while self.measured.clears == clears:
            now = current_time()
            if self.ended or playback.dry_at <= now:
                return AudioFrame(data=playback.take(now), format=self.format)
            await self._wait_for_news(playback.dry_at)
        return AudioFrame(data=playback.cut, format=self.format)

    def press(self, keys: str) -> None:
        """Press keys (``0-9*#A-D``).

        Raises:
            ValueError: a key that no telephone has.
        """
        self._leg.press(keys)

    # --- listening

    async def listen(
        self, *, pause: float = 0.5, timeout: float = AGENT_TIMEOUT
    ) -> AudioFrame:
        """Wait until the agent has spoken and has then been silent for ``pause``.

        Returns:
            What was heard since the caller's last word, or since the last `listen`;
            without the silence. Of what was heard a minute at most is kept.

        Raises:
            TimeoutError: the agent did not speak, or did not come to an end.
            EndOfStream: the call is over, and there is nothing left to hear.
        """
        playback, deadline = self._leg.playback, current_time() + timeout
        while True:
            now = current_time()
            sounds = playback.sounds(now)
            done_at = playback.dry_at + pause if sounds else math.inf
            if now >= done_at or (sounds and self.ended):
                return AudioFrame(data=playback.take(now), format=self.format)
            if self.ended:
                raise EndOfStream
            self._check(deadline, timeout)
            await self._wait_for_news(min(done_at, deadline))

    async def _wait_for_agent(self, seconds: float, deadline: float) -> None:
        playback, timeout = self._leg.playback, deadline - current_time()
        while True:
            now = current_time()
            begun = playback.dry_at > now
            if begun and now >= playback.began_at + seconds:
                return
            if self.ended:
                raise EndOfStream
            self._check(deadline, timeout)
            due = playback.began_at + seconds if begun else math.inf
            await self._wait_for_news(min(due, deadline))

    def _check(self, deadline: float, timeout: float) -> None:
        if current_time() >= deadline:
            audible = self._leg.playback.dry_at > current_time()
            how = (
                "did not come to an end" if audible else "said nothing, or too little,"
            )
            raise TimeoutError(f"the agent {how} within {timeout:g} s")

    # --- ends, and things that go wrong

    def hang_up(self) -> None:
        """End the call, as a person does: ``stop`` follows within 20 ms."""
        self._leg.hang_up()

    def drop(self) -> None:
        """Break the connection now, without ``stop`` or a closing word."""
        self._dropped = True
        self._talking.cancel()

    def stop_reading(self, seconds: float) -> None:
        """Take no message for so long (one that is awaited already still comes)."""
        self._deaf_until = current_time() + seconds

    def send_raw(self, message: str | bytes) -> None:
        """Send anything with the next frame: for what a carrier would never send."""
        self._leg.put(message)

    async def wait_closed(self) -> None:
        """Wait until the call is over, whoever ends it.

        Raises:
            TimeoutError: nobody has ended it, and nobody has said anything for long.
        """
        began, patience = current_time(), self._patience
        while not self._over.is_set():
            spoken = max(began, self._spoke_at, self._leg.playback.dry_at)
            if self._leg.speaking:
                spoken = current_time()
            if current_time() >= spoken + patience:
                raise TimeoutError(
                    f"nobody has ended the call, or said anything for {patience:g} s: "
                    "have the agent end it with call.hang_up(), or the caller with "
                    "caller.hang_up()"
                )
            with CancelScope(deadline=spoken + patience):
                await self._over.wait()

    # --- the call itself

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with tasks_until_done() as tasks:
            tasks.start_soon(self._run)
            try:
                yield self
            finally:
                self.hang_up()
                with move_on_after(CLOSE_TIMEOUT):
                    await self._over.wait()

    async def _run(self) -> None:
        try:
            with self._talking:
                async with create_task_group() as tasks:
                    tasks.start_soon(self._hear)
                    await self._talk()
                    tasks.cancel_scope.cancel()
        finally:
            self.ended = self.ended or "caller"
            self._leg.end(current_time())
            self._news.set()
            with CancelScope(shield=True, deadline=current_time() + CLOSE_TIMEOUT):
                await (self._line.abort if self._dropped else self._line.close)()
            self._over.set()

    async def _talk(self) -> None:
        leg, line = self._leg, self._line
        try:
            for message in leg.opening():
                await line.send(message)
            while not leg.stopped:
                await sleep_until(leg.next_at)
                was_speaking = leg.speaking
                for message in leg.tick(current_time()):
                    await line.send(message)
                if was_speaking and not leg.speaking:
                    self._news.set()
        except BrokenResourceError:
            await sleep_forever()  # `_hear` learns how it ended, and cancels this

    async def _hear(self) -> None:
        try:
            while True:
                if current_time() < self._deaf_until:
                    await sleep_until(self._deaf_until)
                message = await self._line.receive()
                self._leg.receive(message, current_time())
                self._news.set()
        except EndOfStream:
            if not self._leg.stopped:
                self.ended = "agent" if self._line.close_code == 1000 else "lost"
            self._talking.cancel()

    async def _wait_for_news(self, deadline: float) -> None:
        with CancelScope(deadline=deadline):
            await self._news.wait()
