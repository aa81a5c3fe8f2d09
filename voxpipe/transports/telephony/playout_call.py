"""What calls have in common that play replies here, whatever their line is."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from anyio import create_task_group, current_time
from anyio.abc import TaskGroup

from voxpipe.pipeline import AudioFormat, AudioFrame, Playout, Turn
from voxpipe.pipeline.playout import LEAD

from .call import Call, CallEnd
from .tones import check_keys, tone

MAX_KEYS = 128  # pressed and not yet sounding


class PlayoutCall(Call):
    """A call whose replies a `Playout` plays: how it runs and ends, its keys and costs.

    It can run again when its pipeline has failed, as long as its line is there: to
    apologise. A line has its own `_begin`, `_write`, `_clear`, `_part` and `_finish`.

    Args:
        format: of both directions.
        id: the line's name for the call.
        caller: who is calling; may be empty, as ``called``, whom.
        parameters: what came with the call, by name.
    """

    def __init__(
        self,
        format: AudioFormat,
        *,
        id: str,
        caller: str,
        called: str,
        parameters: Mapping[str, str],
    ) -> None:
        self.format = format
        self.heard.format = self.speaks.format = self.played.format = format
        self.id = id
        self.caller, self.called = caller, called
        self.parameters = parameters
        self.ended: CallEnd = ""
        self.replies = 0
        self.cost_usd: float | None = None
        self.spoke_at = self.caller_spoke_at = self.heard_at = current_time()
        self._lead = LEAD
        self._keys: deque[tuple[str, AudioFrame]] = deque()  # that do not sound yet
        self._last: Turn | None = None  # the reply of which something was sent last
        self._has_price = True  # so far, all that was charged
        self._hung_up = False
        self._has_run = False
        self._tasks: TaskGroup | None = None  # while it runs
        self._playout: Playout | None = None

    def hang_up(self) -> None:
        """As `Call.hang_up`."""
        if not self._hung_up:
            self._hung_up = True
            if self._tasks is not None and self._playout is not None:
                self._tasks.start_soon(self._end_hearing)
                self._playout.end()

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
            frame = self._sound(key)
            self._keys.append((key, frame))
            if self._playout is not None:
                self._playout.insert(frame)

    def _sound(self, key: str) -> AudioFrame:
        return tone(key, self.format)

    async def run(self) -> None:
        """Carry the call until one side ends it."""
        async with create_task_group() as tasks:
            if self.charges.fed:
                tasks.start_soon(self._add_up)
            if self.ended not in ("caller", "lost"):
                await self._carry()
            self.speaks.finish()
            # The model ends when these do, and has the last charge for us then.
            await self._end_hearing()

    async def _carry(self) -> None:
        self.ended = ""
        playout = Playout(
            self.speaks,
            self._write,
            clear=self._clear,
            played=self.played if self.played.read else None,
            lead=self._lead,
        )
        for _, frame in self._keys:
            playout.insert(frame)
        try:
            async with create_task_group() as tasks:
                self._tasks, self._playout = tasks, playout
                self._begin(playout, tasks)
                if self._hung_up:
                    await self._end_hearing()
                    playout.end()
                if self._has_run:
                    await self._clear(None)  # of what a pipeline that failed has left
                self._has_run = True
                await playout.run()
                if not self.ended:
                    await self._part()
                self._end("agent")
        finally:
            self._finish()
            self.underruns += playout.underruns
            self._tasks = self._playout = None
            self._keys.clear()

    def _end(self, by: CallEnd) -> None:
        self.ended = self.ended or by
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    async def _end_hearing(self) -> None:
        await self.heard.end()
        await self.pressed.end()

    async def _add_up(self) -> None:
        async for usage in self.charges:
            if usage.cost_usd is None:
                self._has_price, self.cost_usd = False, None
            elif self._has_price:
                self.cost_usd = (self.cost_usd or 0.0) + usage.cost_usd

    # --- what each line has of its own

    def _begin(self, playout: Playout, tasks: TaskGroup) -> None:
        """Listen, in these tasks."""
        raise NotImplementedError

    async def _write(self, frame: AudioFrame) -> None:
        """Say this; keys that sound now leave ``_keys``."""
        raise NotImplementedError

    async def _clear(self, _: Turn | None) -> None:
        """Have what was written and not yet heard forgotten."""
        raise NotImplementedError

    async def _part(self) -> None:
        """See to it that the last word is heard."""
        raise NotImplementedError

    def _finish(self) -> None:
        """It runs no more, whatever the reason."""
