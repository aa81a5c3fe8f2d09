"""A session without a socket: for tests under virtual time."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self

from anyio import (
    AsyncContextManagerMixin,
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    Event,
    create_memory_object_stream,
    move_on_after,
)
from anyio.streams.memory import (
    MemoryObjectReceiveStream,
    MemoryObjectSendStream,
    MemoryObjectStreamStatistics,
)

from voxpipe.pipeline.errors import HowLost
from voxpipe.pipeline.runtime.scopes import tasks_until_done

from .errors import NO_FRAME, ConnectionClosed, Refusal
from .machines import open_machine
from .net.admission import Admission, check_model
from .net.faulty import with_faults
from .net.pump import Pump
from .net.session_requests import in_line
from .protocol.dialogue import SansIOSession
from .protocol.session_config import LIFETIME, AnyKind
from .script.faults import ScriptFault
from .script.script import Script, checked_script
from .voices.speech import CachedVoice, Voice, find_voice

_MODELS: dict[AnyKind, str] = {
    "realtime": "gpt-realtime-2.1",
    "transcription": "",  # it is named by the session's configuration
    "translation": "gpt-realtime-translate",
}
LIFE = 4.5  # seconds that a socket takes to notice that nobody is there
_CAPACITY = 64  # frames each way, as a socket's buffers would hold


class _ServerSide:
    """The server's side: the connection to its client."""

    def __init__(
        self,
        sender: MemoryObjectSendStream[str],
        receiver: MemoryObjectReceiveStream[str],
    ) -> None:
        self._sender = sender
        self._receiver = receiver
        self.left = Event()  # set when the client has gone
        self.closed: ConnectionClosed | None = None

    async def send(self, text: str) -> None:
        try:
            await self._sender.send(text)
        except BrokenResourceError:
            raise EndOfStream from None

    async def receive(self) -> str:
        try:
            return await self._receiver.receive()
        except ClosedResourceError:
            raise EndOfStream from None  # closed from here

    async def gone(self) -> None:
        with move_on_after(LIFE):
            await self.left.wait()
            return
        self._end(ConnectionClosed(NO_FRAME, how="silent"))
        await self.left.wait()

    async def reset(self) -> None:
        self._end(ConnectionClosed(NO_FRAME, how="reset"))

    async def close(self, code: int, reason: str) -> None:
        """Close; what was sent can still be received."""
        self._end(ConnectionClosed(code, reason))

    def _end(self, how: ConnectionClosed) -> None:
        self.closed = self.closed or how
        self._sender.close()
        self._receiver.close()


class MemoryConnection(AsyncContextManagerMixin):
    """The client's side of a session: opened with ``async with``.

    Its clock is anyio's: under trio's autojump clock a call of five minutes takes as
    long as the work in it.
    """

    def __init__(
        self,
        open_session: Callable[[], SansIOSession],
        voice: CachedVoice,
        faults: Sequence[ScriptFault] = (),
        number: int = 1,
    ) -> None:
        self._number = number
        self._open_session = open_session
        self._voice = voice
        self._faults = faults
        self._sender, at_server = create_memory_object_stream[str](_CAPACITY)
        to_client, self._receiver = create_memory_object_stream[str](_CAPACITY)
        self._server = _ServerSide(to_client, at_server)

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with tasks_until_done() as tasks:
            tasks.start_soon(self._serve)
            try:
                yield self
            finally:
                await self.aclose()

    async def _serve(self) -> None:
        try:
            try:
                session = self._open_session()
            except Refusal as refusal:  # as the service does: first open, then refused
                with suppress(EndOfStream):
                    await self._server.send(json.dumps(refusal.event()))
                await self._server.close(4000, refusal.close_reason)
                return
            client = with_faults(self._server, self._faults, self._number)
            await Pump(session, client, in_line(self._voice)).run()
        finally:
            await self._server.close(1000, "")

    async def send(self, text: str) -> None:
        """Send a text frame.

        Raises:
            ConnectionClosed: with the code and the reason.
        """
        try:
            await self._sender.send(text)
        except (BrokenResourceError, ClosedResourceError):
            raise self._goodbye() from None

    async def receive(self) -> str:
        """The next text frame.

        Raises:
            ConnectionClosed: with the code and the reason, after the last frame.
        """
        try:
            return await self._receiver.receive()
        except (EndOfStream, ClosedResourceError):
            raise self._goodbye() from None

    async def aclose(self) -> None:
        """Close with 1000; harmless when it is closed already."""
        self._sender.close()
        self._receiver.close()
        self._server.left.set()

    def statistics(self) -> MemoryObjectStreamStatistics:
        """How many frames wait to be received, and who waits."""
        return self._receiver.statistics()

    def _goodbye(self) -> ConnectionClosed:
        closed = self._server.closed or ConnectionClosed(1000)
        code = closed.code or NO_FRAME
        return ConnectionClosed(code, closed.reason, how=_how(closed))


def _how(closed: ConnectionClosed) -> HowLost:
    return "closed" if closed.how == "ended" else closed.how


def connect_in_memory(
    script: Script | None = None,
    voice: Voice | None = None,
    *,
    model: str | None = None,
    kind: AnyKind = "realtime",
    deployment: bool = False,
    seed: int | None = None,
    lifetime: float = LIFETIME,
    number: int = 1,
) -> MemoryConnection:
    """Open a session with a simulated model, without any network.

    Args:
        script: what the model says and calls; without one it echoes.
        voice: how it sounds; without one the best there is (`find_voice`).
        model: one that the service knows; default: the newest of the kind.
        kind: ``realtime``, ``transcription`` or ``translation``.
        deployment: the model is the name that somebody gave a deployment of Azure's,
            and may be any.
        seed: makes all ids reproducible.
        lifetime: seconds after which the service ends the session.
        number: which one it is, from 1, for faults that strike only the first ones.

    Returns:
        A connection to be opened with ``async with``.
    """
    followed = checked_script(script)
    admission = Admission(kind, _MODELS[kind] if model is None else model)

    def open_() -> SansIOSession:
        if not deployment:
            check_model(kind, admission.model)
        return open_machine(admission, followed, lifetime=lifetime, seed=seed)

    return MemoryConnection(
        open_,
        CachedVoice(voice or find_voice()),
        script.faults if script else (),
        number,
    )
