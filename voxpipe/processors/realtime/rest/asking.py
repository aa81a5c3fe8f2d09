"""One HTTP request at a time: bounded, timed, and its failures in our words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio

from voxpipe.processors.realtime.connect.failure import reason_of
from voxpipe.processors.realtime.connect.host import Host
from voxpipe.processors.realtime.connect.proxy import Proxy

from .errors import RestError, refusal

if TYPE_CHECKING:
    import httpx2

LARGEST = 1_048_576  # bytes of an answer; a session with its tools takes thousands


class Asking:
    """Posts to one host.

    Args:
        client: lent; it verifies TLS and follows nobody elsewhere.
        host: where, and as whom.
        timeout: seconds from asking to the end of the answer.
        proxy: through which it asks, to be named in errors.

    Attributes:
        host: as given.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        host: Host,
        timeout: float,
        proxy: Proxy | None = None,
    ) -> None:
        self._client = client
        self.host = host
        self._timeout = timeout
        self._proxy = proxy

    async def post(
        self, what: str, path: str, **content: Any
    ) -> tuple[bytes, Mapping[str, str]]:
        """Post to ``path``; gives the body of the answer, and its headers.

        Args:
            what: it is for, to be read after "the service refused to".
            path: behind the base URL.
            content: as httpx2 takes it: ``json``, ``content`` and ``headers``,
                ``files``.

        Raises:
            RestError: no answer, or a refusal.
        """
        import httpx2

        wrong = ""
        try:
            with anyio.fail_after(self._timeout):
                return await self._exchange(what, path, content)
        except TimeoutError:
            wrong = f"no answer within {self._timeout:g} s"
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            wrong = reason_of(error, self._proxy)
        # Outside of the above, which hold the request, and so the key.
        way = f" through the proxy {self._proxy}" if self._proxy else ""
        raise RestError(
            f"could not {what} at {self.host.netloc}{way}: {wrong}",
            cure="whether the service has done it is unknown",
        )

    async def _exchange(
        self, what: str, path: str, content: Mapping[str, Any]
    ) -> tuple[bytes, Mapping[str, str]]:
        address = self.host.rest(path)
        headers = {
            **address.headers(),
            "accept-encoding": "identity",  # a megabyte can be packed into a kilobyte
            **content.get("headers", {}),
        }
        rest = {name: value for name, value in content.items() if name != "headers"}
        body = bytearray()
        async with (
            self._client.stream("POST", address.url, headers=headers, **rest) as answer,
            aclosing(answer.aiter_bytes()) as pieces,
        ):
            async for piece in pieces:
                body += piece
                if len(body) > LARGEST:
                    raise RestError(
                        f"expected an answer of at most {LARGEST} bytes, got more",
                        status=answer.status_code,
                    )
        if answer.is_success:
            return bytes(body), answer.headers
        raise refusal(what, answer.status_code, answer.headers, parsed(bytes(body)))


def parsed(body: bytes) -> object:
    """The JSON in ``body``; ``None`` if there is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
