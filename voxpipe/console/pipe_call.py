"""A call through pipes: what `voxpipe talk` gives an app for telephone calls."""

from __future__ import annotations

from collections.abc import Mapping

from anyio import BrokenResourceError, create_task_group, current_time
from anyio.abc import AnyByteStream

from voxpipe.pipeline import AudioFormat, AudioFrame, Turn
from voxpipe.transports import StreamPhone
from voxpipe.transports.telephony import Call, CallEnd
from voxpipe.transports.telephony.tones import check_keys, tone


class PipeCall(StreamPhone, Call):
    """A `StreamPhone` with what else a `Call` has.

    Args:
        stream: bytes both ways.
        format: of both directions.
    """

    def __init__(self, stream: AnyByteStream, format: AudioFormat) -> None:
        super().__init__(stream, format)
        self.format = format
        self.id = "stdin"
        self.caller = self.called = ""
        self.parameters: Mapping[str, str] = {}
        self.ended: CallEnd = ""
        self.replies = 0
        self.cost_usd: float | None = None
        self.spoke_at = self.caller_spoke_at = self.heard_at = current_time()
        self._last: Turn | None = None

    async def disconnect(self) -> None:
        """As `Call.disconnect`."""
        self.ended = self.ended or "agent"
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    def press(self, keys: str) -> None:
        """As `Call.press`; before the call and after it nobody hears them."""
        check_keys(keys)
        for key in keys:
            if self._playout is not None:
                self._playout.insert(tone(key, self.format))

    async def run(self) -> None:
        """Carry the call until one side ends it."""
        async with create_task_group() as tasks:
            if self.charges.fed:
                tasks.start_soon(self._add_up)
            await super().run()
            self.ended = self.ended or "agent"
            self.speaks.finish()
            # The model ends when these do, and has the last charge for us then.
            await self.heard.end()
            await self.pressed.end()

    async def _write(self, frame: AudioFrame) -> None:
        if frame.turn is not None and frame.turn is not self._last:
            self._last = frame.turn
            self.replies += 1
        try:
            await super()._write(frame)
        except BrokenResourceError:
            self.ended = "lost"
            raise

    async def _add_up(self) -> None:
        async for usage in self.charges:
            if usage.cost_usd is not None:
                self.cost_usd = (self.cost_usd or 0.0) + usage.cost_usd
