"""The pattern of a custom transport: read into an `Intake`, play with a `Playout`."""

from __future__ import annotations

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    create_task_group,
    move_on_after,
)
from anyio.abc import AnyByteStream, TaskGroup

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Intake,
    Output,
    Playout,
    PlayoutInput,
    Processor,
    ReplyFrame,
)
from voxpipe.pipeline.runtime.expect import can, expect

SEND_TIMEOUT = 10.0  # seconds that the other side may take to read one frame

_STREAM = "stream is an open byte stream of anyio, as `await connect_tcp(…)` gives"


class StreamPhone(Processor):
    """Bare audio over any anyio stream: a socket's bytes, a pair of memory streams.

    When the other side has sent its last byte, the agent still answers; the call is
    over when the agent's stream has ended, or the other side is gone, or has read
    nothing for 10 s. Without a route into ``speaks`` it is over with the last byte, or
    when nobody listens any more.

    Args:
        stream: bytes both ways; it stays open, and the caller's.
        format: of both directions.

    Raises:
        FormatError: the format is none.
        WiringError: the stream is none.
    """

    heard = Output[AudioFrame]()
    speaks = PlayoutInput[ReplyFrame](optional=True)
    played = Output[AudioFrame]()

    def __init__(self, stream: AnyByteStream, format: AudioFormat) -> None:
        self.heard.format = self.speaks.format = self.played.format = format
        expect(can(stream, "send", "receive"), stream, _STREAM)
        self._stream = stream
        self._intake = Intake(format, self.report)
        self._hung_up = False
        self._tasks: TaskGroup | None = None  # while it runs
        self._playout: Playout | None = None

    def hang_up(self) -> None:
        """End the call after the agent's last word, as `Call.hang_up` does."""
        if not self._hung_up:
            self._hung_up = True
            if self._tasks is not None and self._playout is not None:
                self._tasks.start_soon(self.heard.end)
                self._playout.end()

    async def run(self) -> None:
        """Carry audio both ways."""
        playout = Playout(self.speaks, self._write, played=self.played)
        try:
            async with create_task_group() as tasks:
                self._tasks, self._playout = tasks, playout
                if self._hung_up:
                    await self.heard.end()
                    playout.end()
                tasks.start_soon(self._listen, playout)
                await playout.run()
                tasks.cancel_scope.cancel()
        except* (BrokenResourceError, ClosedResourceError):
            pass  # the other side is gone: an end like any other
        finally:
            self._tasks = self._playout = None

    async def _write(self, frame: AudioFrame) -> None:
        with move_on_after(SEND_TIMEOUT) as waiting:
            await self._stream.send(frame.data)
        if waiting.cancelled_caught:
            self.report(f"the other side has read nothing for {SEND_TIMEOUT:g} s")
            raise BrokenResourceError

    async def _listen(self, playout: Playout) -> None:
        async for data in self._stream:
            if self._hung_up:
                continue  # nobody listens, but it is known when the other side is gone
            frame = self._intake.feed(data)
            if frame is not None and not await self.heard.send(frame):
                break
        await self.heard.end()
        playout.end()
