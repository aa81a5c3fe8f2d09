"""An app that answers a caller in memory: a phone agent, tested in milliseconds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Self

from anyio import Event, create_task_group, current_time, move_on_after
from anyio.abc import TaskGroup

from voxpipe.pipeline.runtime.scopes import exit_group
from voxpipe.transports.telephony.switchboard import App
from voxpipe.transports.telephony.twilio import TwilioCall

from .caller import Caller
from .leg import BadLine, Leg
from .lines import MemoryLine, memory_lines

PATIENCE = 30.0  # seconds that an app may take to return when its caller is gone


def answered(
    app: App,
    *,
    caller: str = "+15550100",
    called: str = "+15550199",
    parameters: Mapping[str, str] | None = None,
    line: BadLine | None = None,
) -> AbstractAsyncContextManager[Caller]:
    """Call ``app``, without any socket, over the same wire as Twilio's::

        async with answered(app) as caller:
            await caller.say(speech)
            reply = await caller.listen()

    Under trio's autojump clock (`voxpipe.pipeline.testing`) that takes no longer than
    the work in it. At the end of the block the caller hangs up, and the app has half a
    minute to return.

    Args:
        app: called once, with the call.
        caller: who calls.
        called: the number that they call.
        parameters: what a webhook would have passed on.
        line: what goes wrong.

    Raises:
        Exception: whatever the app raised, as it was.
        TimeoutError: it did not return.
    """
    return _answered(app, (caller, called), parameters, line)


@asynccontextmanager
async def _answered(
    app: App,
    numbers: tuple[str, str],
    parameters: Mapping[str, str] | None,
    line: BadLine | None,
) -> AsyncGenerator[Caller]:
    ours, theirs = memory_lines()
    leg = Leg(current_time(), parameters=parameters, line=line)
    async with _Agent(app, theirs, numbers), Caller(leg, ours) as caller:
        yield caller


class _Agent:
    """The other end: accepts, and runs the app."""

    def __init__(self, app: App, line: MemoryLine, numbers: tuple[str, str]) -> None:
        self._app = app
        self._line = line
        self._numbers = numbers
        self._error: Exception | None = None
        self._returned = Event()
        self._tasks: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._tasks = create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._answer)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        assert self._tasks is not None
        is_over = error is None or isinstance(error, Exception)
        if is_over:
            self._tasks.start_soon(self._lose_patience)
        done = await exit_group(self._tasks, kind, error, traceback)
        if is_over and self._error is not None:
            raise self._error  # bare, and not in a group with what it led to
        return done

    async def _lose_patience(self) -> None:
        assert self._tasks is not None
        with move_on_after(PATIENCE):
            await self._returned.wait()
            return
        self._error = self._error or TimeoutError(
            f"the app had not returned {PATIENCE:g} s after the caller was gone"
        )
        self._tasks.cancel_scope.cancel()

    async def _answer(self) -> None:
        try:
            async with TwilioCall.accept(self._line) as call:
                call.caller, call.called = self._numbers
                await self._app(call)
        except Exception as error:  # noqa: BLE001  # it is raised by `__aexit__`
            self._error = error
        finally:
            self._returned.set()
            await self._line.abort()
