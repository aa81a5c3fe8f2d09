"""What fakes of carriers' REST APIs have in common: orders over real HTTP."""

from __future__ import annotations

import json
import logging
from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from anyio import AsyncContextManagerMixin, Event, create_task_group
from anyio.abc import TaskGroup

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony.asgi import header, respond
from voxpipe.transports.telephony.forms import read_body

from .callee import Callee, Refusing
from .caller import Caller

logger = logging.getLogger(__name__)


class Dialled:
    """One call that the fake has placed.

    Attributes:
        order: the fields of the request.
        callee: who is called.
        caller: the other end of its stream, once there is one; its `Caller.measured`
            stays.
        error: why there was no stream, where the server did not want it.
        over: everything was done and told.
    """

    def __init__(self, order: Mapping[str, Any], callee: Callee) -> None:
        self.order = order
        self.callee = callee
        self.caller: Caller | None = None
        self.error: TransportError | None = None
        self.over = Event()
        self.cancelled = Event()  # by the one who has ordered it

    def hang_up(self) -> None:
        """End it, as the API's request does."""
        self.cancelled.set()
        if self.caller is not None:
            self.caller.hang_up()


class FakeRest(AsyncContextManagerMixin):
    """Takes orders over HTTP on loopback, while its block is open (on asyncio).

    It is an ASGI app, too: where there is no socket, `httpx2.ASGITransport` leads to it
    inside of the block.

    Args:
        url: of the server that answers the calls, such as ``http://127.0.0.1:8080``.
        public_url: under which it was told to be called, if that is another.

    Attributes:
        numbers: who is called by which number; anybody else is a person who listens.
        placed: the calls, in the order in which they were taken.
        asked: requests that came, those included that were refused.
    """

    def __init__(self, url: str, *, public_url: str | None = None) -> None:
        self.numbers: dict[str, Callee | Refusing] = {}
        self.placed: dict[str, Dialled] = {}
        self.asked = 0
        self._url = url.rstrip("/")
        self._public = (public_url or url).rstrip("/")
        self._refused: dict[str, int] = {}
        self._tasks: TaskGroup | None = None
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Where the API is: for ``base_url=``."""
        if self._server is None:
            raise RuntimeError("the fake is not open: async with fake: …")
        return self._server.url

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with tasks_until_done() as tasks, Server(self) as self._server:
            self._tasks = tasks
            try:
                yield self
            finally:
                self._tasks = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI 3 has it."""
        self.asked += 1
        body = await read_body(scope, receive)
        status, answer, headers = self.answer(
            scope["path"], header(scope, b"authorization") or "", body
        )
        await respond(
            send, status, json.dumps(answer), kind="application/json", headers=headers
        )

    # --- what a carrier does in its own way

    @abstractmethod
    def answer(
        self, path: str, authorization: str, body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        """The answer to a request: its status, its JSON, more headers."""

    @abstractmethod
    async def ring(self, call_id: str, dialled: Dialled) -> None:
        """Call, and tell the server what happens."""

    # --- for these

    def refusing(self, to: str) -> Refusing | None:
        """Why a number is refused this time; ``None`` if it is not."""
        plan = self.numbers.get(to)
        if not isinstance(plan, Refusing):
            return None
        count = self._refused[to] = self._refused.get(to, 0) + 1
        return plan if count <= plan.times else None

    def place(self, call_id: str, to: str, order: Mapping[str, Any]) -> None:
        """Begin a call, behind the answer to its order."""
        plan = self.numbers.get(to)
        callee = plan.then if isinstance(plan, Refusing) else plan or Callee()
        dialled = self.placed[call_id] = Dialled(order, callee)
        if self._tasks is None:
            raise RuntimeError("the fake is not open: async with fake: …")
        self._tasks.start_soon(self._ring, call_id, dialled)

    async def _ring(self, call_id: str, dialled: Dialled) -> None:
        try:
            await self.ring(call_id, dialled)
        except TransportError as error:  # as a carrier's debugger would show it
            dialled.error = error
            logger.warning("a placed call has come to nothing: %s", error)
        finally:
            dialled.over.set()

    async def converse(
        self,
        dialled: Dialled,
        caller: Caller,
        talk: Callable[[Caller, Dialled], Coroutine[Any, Any, object]],
    ) -> None:
        """Have ``talk`` play the callee, until either side hangs up."""
        dialled.caller = caller
        if dialled.cancelled.is_set():
            return
        async with create_task_group() as tasks:
            tasks.start_soon(talk, caller, dialled)
            await caller.wait_closed()
            tasks.cancel_scope.cancel()

    def local(self, url: str) -> str:
        """Where a URL of the program's is really reached."""
        return self._url + url.removeprefix(self._public)
