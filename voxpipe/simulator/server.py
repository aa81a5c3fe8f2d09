"""The simulator as a real server: on loopback, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, Self

from anyio import AsyncContextManagerMixin, Event, to_thread
from pydantic import SecretStr

from voxpipe.pipeline.errors import TransportError
from voxpipe.pipeline.runtime.scopes import tasks_until_done

from .calls.sip_caller import PATIENCE, SipCaller
from .cassettes import Players
from .net.keys import Keys, any_key, unix_time
from .net.limits import PortLimits
from .net.listener import PortListener
from .net.session_requests import in_thread
from .net.tls import LocalAuthority
from .protocol.session_config import LIFETIME
from .router import Router
from .script.script import Script, checked_script
from .voices.speech import CachedVoice, Voice, find_voice


class Simulator(AsyncContextManagerMixin):
    """A local server that speaks the Realtime protocol.

    Open it with ``async with``; it ends, with all its sessions, when the block does.
    Raises `TransportError` when it cannot listen.

    Args:
        script: what the model says and calls; without one it echoes. Each session
            starts it from the beginning.
        voice: how it sounds; without one the best there is (`find_voice`).
        host: where to listen.
        port: 0 for any that is free.
        accepts: which API keys are good; default: any.
        lifetime: seconds after which a session is ended.
        cassette: a recorded session to be replayed in place of the script, to any
            client. One that does something else than was recorded is told by an
            ``error`` event, and closed with 4000.
        limits: what its port bears of clients.
        tls: who vouches for it, for clients that speak ``wss://`` only; they have to
            trust what it `writes <LocalAuthority.write>`.
        origins: of web pages that may use it (``https://app.example``), beside those of
            this machine.
    """

    def __init__(
        self,
        script: Script | None = None,
        voice: Voice | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        accepts: Callable[[str], bool] = any_key,
        lifetime: float = LIFETIME,
        cassette: str | Path | None = None,
        limits: PortLimits | None = None,
        tls: LocalAuthority | None = None,
        origins: Collection[str] = (),
    ) -> None:
        self._origins = frozenset(origins)
        self._script = checked_script(script)
        self._voice = voice
        self._router: Router | None = None
        self._host = host
        self._port = port
        self._keys = Keys(accepts, unix_time)
        self._lifetime = lifetime
        self._limits = limits or PortLimits()
        self._tls = tls
        self._players = None if cassette is None else Players(cassette, then="repeat")

    @property
    def port(self) -> int:
        """Where it listens, once it is open."""
        return self._port

    @property
    def url(self) -> str:
        """What ``OPENAI_BASE_URL`` has to be for an official SDK to come here."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{host}:{self._port}/v1"

    @property
    def websocket_url(self) -> str:
        """Where sessions are opened, without the query."""
        return f"ws{self.url.removeprefix('http')}/realtime"

    def expire_client_secrets(self) -> None:
        """Let all client secrets made so far be expired: what does your app do then?

        Sessions that have begun with one go on, as they do at the service.
        """
        self._keys.expire()

    def turn_away(
        self,
        status: Literal[429, 503] = 503,
        *,
        requests: int = 1,
        retry_after: int | None = None,
    ) -> None:
        """Answer the next REST requests as an overloaded service does.

        Args:
            status: 429 is ``slow_down``, 503 is ``server_is_overloaded``.
            requests: how many of them.
            retry_after: seconds, as the answers say.
        """
        self._open.routes.turn_away(status, requests, retry_after)

    def incoming_call(
        self,
        *,
        webhook_url: str | None = None,
        secret: SecretStr | str | Sequence[SecretStr] = (),
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        patience: float = PATIENCE,
    ) -> SipCaller:
        """A caller who rings at your app by SIP; open it with ``async with``.

        Args:
            webhook_url: where your app takes webhooks; ``http://`` on this machine
                only. Without one nothing is posted: give it `SipCaller.webhook`.
            secret: with which webhooks are signed, ``whsec_…`` or any text; several
                while they are exchanged.
            headers: of the SIP INVITE; two usual ones when there are none.
            patience: seconds that `SipCaller.answered` and its like wait at most.
        """
        if isinstance(secret, str):
            secret = SecretStr(secret)
        secrets = [secret] if isinstance(secret, SecretStr) else secret
        return SipCaller(self._open.calls, headers, webhook_url, secrets, patience)

    @property
    def _open(self) -> Router:
        if self._router is None:
            raise TransportError("open the simulator first: `async with simulator`")
        return self._router

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        # Looking for a voice may load a library: not in the loop's thread.
        if self._voice is None:
            self._voice = await to_thread.run_sync(find_voice)
        stop = Event()
        async with tasks_until_done() as tasks:
            self._router = router = Router(
                self._script,
                self._keys,
                in_thread(CachedVoice(self._voice)),
                tasks,
                self._lifetime,
                self._players,
                self._origins,
                self._host,
            )
            listener = PortListener(
                self._host,
                router.answer,
                router.welcome,
                self._limits,
                self._tls,
            )
            try:
                self._port = await tasks.start(listener.serve, self._port, stop)
                yield self
            finally:
                stop.set()
                router.calls.end_all()
