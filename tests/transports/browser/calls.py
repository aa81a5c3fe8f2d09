"""Calls of a page in memory, for tests in virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import Event, create_task_group, fail_after
from anyio.abc import TaskGroup

from voxpipe.pipeline import AudioFrame, Pipeline, ReplyEnd
from voxpipe.pipeline.observer import observed
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.transports.browser import BrowserCall
from voxpipe.transports.browser.seat import Seat
from voxpipe.transports.telephony.testing import memory_lines

from .page import FORMAT, Page

App = Callable[[BrowserCall], Awaitable[Any]]
CAPACITY = 512


class Visit:
    """A call that runs, and its page.

    Attributes:
        seat: of the call.
        call: the server's end.
        page: the person's.
        line: that the page has.
        lines: all ends of all connections.
        over: the app has returned.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        ours, self.line = memory_lines(CAPACITY)
        self.lines = [ours, self.line]
        self.seat = Seat(ours, "browser-0123456789abcdef")
        self.call = BrowserCall(self.seat, format=FORMAT)
        self.over = Event()
        self.tasks: TaskGroup

    async def answer(self, app: App) -> None:
        with observed(self.call.shown):
            await app(self.call)
        self.over.set()

    async def lose(self) -> None:
        """The connection breaks."""
        await self.line.abort()

    def come_back(self) -> None:
        """Another connection takes the seat."""
        ours, self.line = memory_lines(CAPACITY)
        self.lines += [ours, self.line]
        self.tasks.start_soon(self.seat.sit, ours)
        self.page.use(self.line)

    async def hang_up(self) -> None:
        """All connections end."""
        for each in self.lines:
            await each.abort()


@asynccontextmanager
async def visited(app: App, *, page: Page | None = None) -> AsyncGenerator[Visit]:
    """A page calls ``app``; what is left of it at the end is cut."""
    page = page or Page()
    visit = Visit(page)
    try:
        with fail_after(300):
            async with page.open(), create_task_group() as visit.tasks:
                visit.tasks.start_soon(visit.call.shown.news.deliver, visit.seat)
                visit.tasks.start_soon(visit.answer, app)
                page.use(visit.line)
                yield visit
                visit.tasks.cancel_scope.cancel()
    finally:
        await visit.hang_up()


def saying(frames: list[AudioFrame | ReplyEnd]) -> App:
    """An app that says this, and hears what it hears."""

    async def app(call: BrowserCall) -> None:
        await Pipeline(
            call.heard >> Probe().input, Source(frames).output >> call.speaks
        ).run()

    return app


def hearing(probe: Probe) -> App:
    """An app that only listens."""

    async def app(call: BrowserCall) -> None:
        await Pipeline(call.heard >> probe.input).run()

    return app
