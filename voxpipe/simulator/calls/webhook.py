"""The signed request that announces a call to an app.

Source of the signature: the Standard Webhooks scheme, as openai 3.54 verifies it.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest
from typing import Any
from urllib.parse import urlsplit

import h11
from anyio import BrokenResourceError, EndOfStream, connect_tcp, fail_after
from anyio.abc import ByteStream
from pydantic import SecretStr

from voxpipe.pipeline.errors import TransportError

_ANSWER_TIMEOUT = 10.0  # seconds that the app has to answer
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MAX_ANSWER = 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """A webhook as it is posted; for tests of what takes it without a server.

    Attributes:
        headers: with the signature.
        body: JSON.
    """

    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    async def post(self, url: str) -> None:
        """Post it once.

        Raises:
            TransportError: the app cannot be reached, or answers anything but 2xx.
        """
        try:
            with fail_after(_ANSWER_TIMEOUT):
                async with await _connected(url) as stream:
                    status = await _exchange(stream, url, self)
        except TimeoutError:
            raise TransportError(
                f"the app has not answered its webhook in {_ANSWER_TIMEOUT:.0f} s: "
                "answer first, and accept the call in the background"
            ) from None
        except (OSError, BrokenResourceError, h11.RemoteProtocolError) as error:
            reason = str(error) or type(error).__name__
            raise TransportError(f"cannot post the webhook: {reason}") from error
        if not 200 <= status < 300:
            raise TransportError(f"the app has answered its webhook with {status}")


def call_incoming(
    call_id: str, sip_headers: Sequence[tuple[str, str]], now: int
) -> dict[str, Any]:
    """The event of a call that rings; ``now`` in unix seconds."""
    shown = [
        {"name": name, "value": value}
        for name, value in sip_headers
        if name.lower() not in ("authorization", "proxy-authorization")
    ]
    return {
        "object": "event",
        "id": f"evt_{call_id.removeprefix('rtc_')}",
        "type": "realtime.call.incoming",
        "created_at": now,
        "data": {
            "call_id": call_id,
            "sip_headers": shown,
            "sip_media_security": "srtp",
        },
    }


def signed(
    event: dict[str, Any], secrets: Sequence[SecretStr], now: int
) -> SignedWebhook:
    """An event as a webhook, signed with each secret: more than one while they rotate.

    Args:
        event: with its ``id``.
        secrets: ``whsec_…``, or any other text.
        now: unix seconds; the app refuses what is 300 s away from its own clock.
    """
    body = json.dumps(event).encode()
    id = str(event["id"]).replace("evt_", "wh_", 1)
    content = f"{id}.{now}.".encode() + body
    signatures = [
        b64encode(digest(_key(secret), content, sha256)).decode() for secret in secrets
    ]
    return SignedWebhook(
        {
            "content-type": "application/json",
            "user-agent": "voxpipe simulator",
            "webhook-id": id,
            "webhook-timestamp": str(now),
            "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
        },
        body,
    )


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value()
    if text.startswith("whsec_"):
        return b64decode(text.removeprefix("whsec_"))
    return text.encode()


async def _connected(url: str) -> ByteStream:
    where = urlsplit(url)
    if where.hostname is None or where.scheme not in ("http", "https"):
        raise TransportError(f"a webhook needs an http(s) URL, not {url[:80]!r}")
    if where.scheme == "https":  # the default context verifies
        return await connect_tcp(where.hostname, where.port or 443, tls=True)
    if where.hostname not in _LOOPBACK:
        raise TransportError(
            f"http:// is for this machine only ({', '.join(_LOOPBACK)}); use https:// "
            f"for {where.hostname}"
        )
    return await connect_tcp(where.hostname, where.port or 80)


async def _exchange(stream: ByteStream, url: str, webhook: SignedWebhook) -> int:
    """Send the request, read the answer; gives its status."""
    http = h11.Connection(h11.CLIENT)
    for event in _request(url, webhook):
        await stream.send(http.send(event) or b"")
    status = size = 0
    while not isinstance(answer := http.next_event(), h11.EndOfMessage):
        if isinstance(answer, h11.Response):
            status = answer.status_code
        if answer is not h11.NEED_DATA:
            continue
        try:
            data = await stream.receive()
        except EndOfStream:
            data = b""
        size += len(data)
        if size > _MAX_ANSWER:
            break
        http.receive_data(data)
    return status


def _request(url: str, webhook: SignedWebhook) -> Sequence[h11.Event]:
    where = urlsplit(url)
    target = (where.path or "/") + (f"?{where.query}" if where.query else "")
    headers = [
        ("host", where.netloc.rpartition("@")[2]),
        ("connection", "close"),
        ("content-length", str(len(webhook.body))),
        *webhook.headers.items(),
    ]
    request = h11.Request(method="POST", target=target, headers=headers)
    return request, h11.Data(data=webhook.body), h11.EndOfMessage()
