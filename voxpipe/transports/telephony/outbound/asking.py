"""A carrier's REST API: one request at a time, bounded, timed, its failures told."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from anyio import fail_after, to_thread

from voxpipe.pipeline import ConfigurationError
from voxpipe.pipeline.runtime.hosts import is_loopback

from .errors import PlacingError, Refusal, refused

if TYPE_CHECKING:
    import httpx2

LARGEST = 65_536  # bytes of an answer; one about a call has some 1,500


class Asking:
    """Posts to one carrier.

    Args:
        client: lent; it knows the key.
        name: of the carrier, for people.
        base_url: in front of all paths.
        read: what the JSON of a refusal says.
        timeout: seconds from asking to the end of the answer.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        name: str,
        base_url: str,
        read: Callable[[object], Refusal],
        timeout: float,
    ) -> None:
        self._client = client
        self._name = name
        self._base_url = base_url
        self._read = read
        self._timeout = timeout

    async def post(self, what: str, path: str, **content: Any) -> dict[str, Any]:
        """Post to ``path``; gives the object in the answer.

        Args:
            what: it is for, to be read after "Twilio has refused to".
            path: behind the base URL.
            content: as httpx2 takes it: ``data`` or ``json``.

        Raises:
            PlacingError: no answer, or a refusal.
        """
        import httpx2

        wrong = ""
        try:
            with fail_after(self._timeout):
                return await self._exchange(what, path, content)
        except TimeoutError:
            wrong = f"no answer within {self._timeout:g} s"
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            wrong = type(error).__name__
        # Outside of the above, which hold the request, and so the key.
        raise PlacingError(
            f"could not ask {self._name} to {what}: {wrong}",
            cure="whether it was done is unknown",
        )

    async def _exchange(
        self, what: str, path: str, content: dict[str, Any]
    ) -> dict[str, Any]:
        body = bytearray()
        async with (
            self._client.stream("POST", self._base_url + path, **content) as answer,
            aclosing(answer.aiter_bytes()) as pieces,
        ):
            async for piece in pieces:
                body += piece
                if len(body) > LARGEST:
                    raise PlacingError(
                        f"expected an answer of at most {LARGEST} bytes, got more",
                        status=answer.status_code,
                    )
        found = _parsed(bytes(body))
        if answer.is_success:
            return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        what = f"{self._name} has refused to {what}"
        raise refused(what, answer.status_code, answer.headers, self._read(found))


@asynccontextmanager
async def asking(
    name: str,
    base_url: str,
    read: Callable[[object], Refusal],
    *,
    timeout: float,
    transport: httpx2.AsyncBaseTransport | None,
    **credentials: Any,
) -> AsyncGenerator[Asking]:
    """Keep connections to a carrier.

    Args:
        name: for people.
        base_url: where its API is.
        read: what the JSON of a refusal says.
        timeout: seconds for each request.
        transport: another way than the network, for tests.
        credentials: as httpx2 takes them: ``auth`` or ``headers``.

    Raises:
        ConfigurationError: a base URL that would send the key in the clear.
        ImportError: httpx2 is not installed.
    """
    try:
        import httpx2
    except ImportError:
        raise ImportError(
            "placing calls needs httpx2: pip install 'voxpipe[rest]'"
        ) from None
    base_url = checked_url("base_url", base_url)

    def make() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            timeout=timeout,
            follow_redirects=False,
            transport=transport,
            verify=transport is not None or httpx2.create_ssl_context(),
            **credentials,
        )

    # Certificates are read then, which takes a tenth of a second: not in the loop.
    client = await to_thread.run_sync(make) if transport is None else make()
    async with client:
        yield Asking(client, name, base_url, read, timeout)


def checked_url(name: str, url: str) -> str:
    """A URL to put paths behind.

    Args:
        name: of the argument.
        url: as it was given.

    Raises:
        ConfigurationError: it is none, or not of TLS beyond this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    here = parts.scheme == "http" and is_loopback(host)
    plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    if not host or not plain or not (parts.scheme == "https" or here):
        raise ConfigurationError(
            f"{name} must be https://HOST, and a path if there is one, such as "
            "https://calls.example.com; http:// is for this machine only"
        )
    return url.rstrip("/")


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
