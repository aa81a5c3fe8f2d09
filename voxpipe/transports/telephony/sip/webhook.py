"""Webhooks of OpenAI: who has sent them, and what they say.

The scheme is that of "Standard Webhooks": an HMAC-SHA256 of id, time and body, of which
several may come while a secret is being changed. A request that is older, or newer,
than five minutes is refused; one that comes twice is up to `Replays`.

Source: the official SDK's ``lib/_webhooks.py`` (3.54); standardwebhooks.com.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import SecretStr

from voxpipe.pipeline import TransportError, VoxpipeError
from voxpipe.transports.telephony.replays import TOLERANCE

HEADERS = "webhook-id", "webhook-timestamp", "webhook-signature"
ID, TIME, SIGNATURE = HEADERS

Secret = str | SecretStr
"""``whsec_…``, as the console shows it once."""

_NAME = re.compile(r"[\x21-\x7e]{1,128}")
_PREFIX = "whsec_"


class WebhookRefused(TransportError):
    """A request that is not OpenAI's, or no webhook; says what was expected of it."""


class SecretError(VoxpipeError):
    """What was given as a webhook's secret is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Something has happened at OpenAI.

    Attributes:
        id: of the delivery; one that is repeated keeps it.
        type: such as ``realtime.call.incoming``.
        sent_at: unix seconds, when it was signed.
        data: the rest, as it came; not shown.
    """

    id: str
    type: str
    sent_at: int
    data: Mapping[str, Any] = field(repr=False)


def unwrap(
    body: bytes,
    headers: Mapping[str, str],
    secrets: Secret | Sequence[Secret],
    *,
    now: float | None = None,
) -> Webhook:
    """Check that a webhook is OpenAI's and of now, and read it.

    Args:
        body: exactly as it was posted.
        headers: of the request, in any case.
        secrets: the one of the webhook; or the old one and the new, for the change.
        now: unix seconds; default: the clock's.

    Raises:
        WebhookRefused: it is not, or cannot be read.
        SecretError: of our own secrets one cannot be used.
    """
    given = {name.lower(): value for name, value in headers.items()}
    id, sent_at = given.get(ID, ""), _time(given.get(TIME, ""))
    if _NAME.fullmatch(id) is None or sent_at is None:
        raise WebhookRefused(f"expected the headers {ID}, {TIME} and {SIGNATURE}")
    now = datetime.now(UTC).timestamp() if now is None else now
    if abs(now - sent_at) > TOLERANCE:
        raise WebhookRefused(
            f"expected a webhook of the last {TOLERANCE} s: is this machine's clock "
            "right?"
        )
    if not _is_signed(body, given, secrets_of(secrets)):
        raise WebhookRefused("expected the signature that one of the secrets makes")
    return _read(body, id, sent_at)


def sign(body: bytes, secret: Secret, *, id: str, sent_at: int) -> dict[str, str]:
    """The headers that make ``body`` a webhook: for tests.

    Raises:
        SecretError: the secret cannot be used.
    """
    (key,) = secrets_of(secret)
    digest = base64.b64encode(_digest(key, id, str(sent_at), body)).decode()
    return {ID: id, TIME: str(sent_at), SIGNATURE: f"v1,{digest}"}


def secrets_of(secrets: Secret | Sequence[Secret]) -> tuple[bytes, ...]:
    """The keys in secrets.

    Raises:
        SecretError: there is none, or one is empty or not base64.
    """
    if isinstance(secrets, str | SecretStr):
        secrets = (secrets,)
    if not secrets:
        raise SecretError("expected the webhook's secret (whsec_…), got none")
    return tuple(map(_key, secrets))


def _key(secret: Secret) -> bytes:
    text = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    text = text.strip()  # environment files like to end in a newline
    key = text.encode()
    if text.startswith(_PREFIX):
        try:
            key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
    if not key:
        raise SecretError("expected the webhook's secret, whsec_… and base64: copy it")
    return key


def _is_signed(
    body: bytes, headers: Mapping[str, str], keys: tuple[bytes, ...]
) -> bool:
    """Takes the same time for every wrong signature."""
    given = headers.get(SIGNATURE, "").split()[:16]
    signatures = [each.removeprefix("v1,").encode(errors="replace") for each in given]
    found = False
    for key in keys:
        digest = base64.b64encode(_digest(key, headers[ID], headers[TIME], body))
        for each in signatures:
            found |= hmac.compare_digest(digest, each)
    return found


def _digest(key: bytes, id: str, time: str, body: bytes) -> bytes:
    return hmac.digest(key, f"{id}.{time}.".encode() + body, hashlib.sha256)


def _time(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else None


def _read(body: bytes, id: str, sent_at: int) -> Webhook:
    event: Any = None
    with suppress(ValueError, RecursionError):
        event = json.loads(body)
    fields = cast("dict[str, Any]", event if isinstance(event, dict) else {})
    kind, data = fields.get("type"), fields.get("data")
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise WebhookRefused("expected a JSON event with type and data")
    found = cast("dict[str, Any]", data)
    return Webhook(id=id, type=kind, sent_at=sent_at, data=found)
