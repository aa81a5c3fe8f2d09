"""A Twilio of one's own: it rings at a server's webhook, and streams to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from anyio import current_time
from anyio.to_thread import run_sync

from .caller import PATIENCE, Caller
from .dial import dialled
from .leg import BadLine, Leg
from .messages import Sids
from .webhook import Stream, form, post, signature, stream_of


class FakeTwilio:
    """Places calls to a server, over real HTTP and a real WebSocket, in real time.

    Args:
        url: of the server, such as ``http://127.0.0.1:8080``.
        auth_token: signs as Twilio does; without it nothing is signed.
        answer: the path of the webhook.
        public_url: what the server believes to be called, if that is not ``url``: it
            is what is signed, and a stream to its host goes to ``url``.

    Raises:
        ValueError: a url that is not http or https, or has no host.
    """

    def __init__(
        self,
        url: str,
        *,
        auth_token: str | None = None,
        answer: str = "/twilio/answer",
        public_url: str | None = None,
    ) -> None:
        self._url = _checked(url)
        self._public = _checked(public_url or url)
        self._answer = answer
        self._auth_token = auth_token

    @asynccontextmanager
    async def call(
        self,
        *,
        caller: str = "+15550100",
        called: str = "+15550199",
        parameters: Mapping[str, str] | None = None,
        line: BadLine | None = None,
        patience: float = PATIENCE,
    ) -> AsyncGenerator[Caller]:
        """Call the server; the caller hangs up at the end of the block.

        Args:
            caller: who calls.
            called: the number that they call.
            parameters: passed on beside those that the webhook asks for.
            line: what goes wrong.
            patience: seconds of silence after which `Caller.wait_closed` waits no more.

        Raises:
            CallRefused: the webhook, or the server of the stream, does not want it.
            TransportError: nobody answers.
        """
        sids = Sids.new()
        stream = await self.ring(sids, caller, called)
        async with self.connected(
            stream, sids, parameters=parameters, line=line, patience=patience
        ) as person:
            yield person

    @asynccontextmanager
    async def connected(
        self,
        stream: Stream,
        sids: Sids,
        *,
        parameters: Mapping[str, str] | None = None,
        line: BadLine | None = None,
        patience: float = PATIENCE,
    ) -> AsyncGenerator[Caller]:
        """Open the stream that a webhook has asked for; otherwise as `call`.

        Raises:
            CallRefused: the server of the stream does not want it.
            TransportError: nobody answers.
        """
        headers = self._signed(stream.url, {})
        async with dialled(self._local(stream.url), headers) as connection:
            leg = Leg(
                current_time(),
                parameters={**stream.parameters, **(parameters or {})},
                sids=sids,
                line=line,
            )
            async with Caller(leg, connection, patience=patience) as person:
                yield person

    async def ring(self, sids: Sids, caller: str, called: str) -> Stream:
        """Only ask the webhook what to do with a call.

        Raises:
            CallRefused: it does not want it.
            TransportError: nobody answers.
        """
        return stream_of(*await self.tell(form(sids, caller, called)))

    async def give_up(self, sids: Sids, caller: str, called: str) -> int:
        """The caller hangs up while it rings: tell the webhook, as a number does whose
        "Call status changes" leads there.

        Returns:
            The status of HTTP.

        Raises:
            TransportError: nobody answers.
        """
        status, _ = await self.tell(form(sids, caller, called, status="completed"))
        return status

    async def tell(self, fields: dict[str, str]) -> tuple[int, bytes]:
        """Post a form to the webhook, signed; gives the status of HTTP and the answer.

        Raises:
            TransportError: nobody answers.
        """
        headers = self._signed(self._public + self._answer, fields)
        headers["Host"] = urlsplit(self._public).netloc
        return await run_sync(post, self._url + self._answer, fields, headers)

    def _signed(self, url: str, fields: Mapping[str, str]) -> dict[str, str]:
        if self._auth_token is None:
            return {}
        return {"X-Twilio-Signature": signature(self._auth_token, url, fields)}

    def _local(self, url: str) -> str:
        """Where a stream really goes to: the public host is not ours to reach."""
        parts, local = urlsplit(url), urlsplit(self._url)
        if parts.netloc != urlsplit(self._public).netloc:
            return url
        scheme = "wss" if local.scheme == "https" else "ws"
        return urlunsplit(parts._replace(scheme=scheme, netloc=local.netloc))


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"expected http://host:port, got {url!r}")
    return url.rstrip("/")
