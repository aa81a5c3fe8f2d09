"""A window into what runs in this process: its pipelines, and its sessions.

The page is served by a thread with a loop of its own, which asks the program's loop for
the counts twice a second, and only while somebody looks; how long that takes to answer
is the loop's lag. Otherwise a message of a session is put up as it is, and nothing else
is done.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Event, Thread
from time import monotonic, perf_counter
from urllib.parse import urlsplit

from anyio import RunFinishedError, from_thread
from anyio.from_thread import start_blocking_portal
from anyio.lowlevel import EventLoopToken, current_token

from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.errors import SessionLost
from voxpipe.pipeline.observer import Observer, observed
from voxpipe.pipeline.stats import Stats
from voxpipe.processors.realtime import Connect, Connection
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.realtime.connect.tapped import Tapped
from voxpipe.processors.realtime.connect.way import connecting

from .board import Board, Watched
from .figures import figures
from .window import Window

SAMPLE = 0.5  # seconds between two looks at the counts


@contextmanager
def watching(
    pipeline: Pipeline | None = None,
    *,
    title: str = "",
    host: str = "127.0.0.1",
    port: int = 0,
    tell: Callable[[str], object] | None = None,
) -> Generator[str]:
    """Show in the browser what runs in this block, and in tasks started in it.

    Sessions are seen that are opened in it, with ``open_session``; pipelines that begin
    to run in it, the newest of which is drawn.

    Args:
        pipeline: the only one to draw; default: whichever has begun last.
        title: of the page.
        host: where to listen; who reaches it and has the link sees everything.
        port: 0 for any that is free.
        tell: given a line with the link; default: writes it to standard error.

    Returns:
        The link to open.

    Raises:
        TransportError: it cannot listen there.
    """
    board = Board(title or "live")
    window = Window(board, host=host, port=port)
    eyes = Eyes(board, pipeline)
    served = window.opened()
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(served),
        eyes.open(),
        observed(eyes),
        connecting(eyes.way),
    ):
        (tell or _say)(f"Look: {window.link}")
        yield window.link


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class Eyes(Observer):
    """Look at pipelines, and listen in on sessions.

    Args:
        board: where it is seen.
        only: the one pipeline that is of interest, if there is one.
    """

    def __init__(self, board: Board, only: Pipeline | None = None) -> None:
        self._board = board
        self._only = only
        self._numbers = count(1)
        self._sessions = count(1)
        self._newest: Seen | None = None
        self._measured = ExitStack()
        self._looked_at: Seen | None = None
        self._is_over = Event()

    @contextmanager
    def open(self) -> Generator[None]:
        """Look while this context lasts."""
        # It is not waited for: it may be waiting for the loop, which may be ours.
        Thread(target=self._look, name="voxpipe watch", daemon=True).start()
        try:
            yield
        finally:
            self._is_over.set()
            self._measured.close()

    # --- sessions

    def way(self, connect: Connect) -> Connect:
        """As `Way`."""
        return _Ears(connect, self._board, self._sessions)

    # --- pipelines

    def starts(self, pipeline: Pipeline) -> None:
        """As `Observer.starts`."""
        if self._only not in (None, pipeline):
            return
        number = next(self._numbers)
        seen = Seen(number, pipeline, current_token())
        self._newest = seen
        links = pipeline.links()
        self._board.facts["graph"] = {
            "kind": "graph",
            "pipeline": number,
            "links": links,
        }

    def _look(self) -> None:
        """The thread's life: ask for the counts while somebody looks."""
        while not self._is_over.wait(SAMPLE):
            seen = self._newest
            if seen is None or seen.is_over:
                continue
            is_watched = self._board.looking > 0
            if not is_watched and self._looked_at is None:
                continue
            asked = perf_counter()
            try:
                answer = from_thread.run_sync(
                    self._counts, seen, is_watched, token=seen.token
                )
            except RunFinishedError:
                seen.is_over = True
                continue
            if answer is not None:
                at, stats = answer
                self._put_up(seen, stats, at, lag=at - asked)

    def _counts(self, seen: Seen, is_watched: bool) -> tuple[float, Stats] | None:
        """In the program's loop: the time, and the counts."""
        at = perf_counter()
        if self._is_over.is_set():
            return None
        if self._looked_at is not (seen if is_watched else None):
            # What is busy is measured while somebody looks, for it takes time itself.
            self._measured.close()
            self._looked_at = seen if is_watched else None
            if is_watched:
                self._measured.enter_context(seen.pipeline.watch())
        return (at, seen.pipeline.stats()) if is_watched else None

    def _put_up(self, seen: Seen, stats: Stats, at: float, *, lag: float) -> None:
        before = seen.before
        seen.before = at, stats
        if before is None:
            return
        told = figures(before[1], stats, at - before[0])
        told |= {"kind": "stats", "pipeline": seen.number, "lag_ms": 1000 * lag}
        self._board.facts["stats"] = told


@dataclass(slots=True, eq=False)
class Seen:
    """A pipeline that is looked at.

    Attributes:
        number: counts them.
        token: of the loop that it runs in.
        before: when it was looked at last, and what its counts were.
        is_over: its loop has ended.
    """

    number: int
    pipeline: Pipeline
    token: EventLoopToken
    before: tuple[float, Stats] | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class _Ears:
    """Connects, and puts up what passes."""

    connect: Connect
    board: Board
    numbers: count[int]

    @property
    def needs_key(self) -> bool:
        """As the one that connects."""
        return bool(getattr(self.connect, "needs_key", True))

    @asynccontextmanager
    async def __call__(self, address: Address) -> AsyncGenerator[Connection]:
        """Connect, and listen in."""
        board = self.board
        session = Watched(
            f"session {next(self.numbers)}", host=urlsplit(address.url).netloc
        )
        async with self.connect(address) as connection:
            try:
                yield Tapped(
                    connection,
                    sent=lambda text: board.note(session, monotonic(), "client", text),
                    received=lambda text: board.note(
                        session, monotonic(), "server", text
                    ),
                )
            except SessionLost as lost:
                close = lost.code or 1006, lost.reason
                board.note(session, monotonic(), "server", None, close=close)
                raise
            board.note(session, monotonic(), "client", None, close=(1000, ""))
