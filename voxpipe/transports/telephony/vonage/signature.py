"""How Vonage signs what it tells a webhook: a JWT (RFC 7519), by HMAC-SHA256.

Source: https://developer.vonage.com/en/getting-started/concepts/webhooks
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

TOLERANCE = 300  # seconds between its clock and ours
MAX_TOKEN = 4_096  # characters; Vonage's are some 500


def hash_of(body: bytes, query: Mapping[str, str]) -> str:
    """Its hash of a request: of the body, or of the query as JSON without spaces."""
    if not body:
        text = json.dumps(dict(query), separators=(",", ":"), ensure_ascii=False)
        body = text.encode()
    return hashlib.sha256(body).hexdigest()


def has_signed(
    secret: str,
    authorization: str,
    payload_hash: str,
    now: float,
    since: float = 0.0,
) -> bool:
    """Whether Vonage has sent this, and not long ago.

    Args:
        secret: for signatures, of the account.
        authorization: the header, ``Bearer …``.
        payload_hash: of what came; see `hash_of`.
        now: seconds since 1970.
        since: when our memory of what came begins, likewise.
    """
    scheme, _, token = authorization.partition(" ")
    signed, _, signature = token.strip().rpartition(".")
    head, _, body = signed.partition(".")
    if scheme.lower() != "bearer" or len(token) > MAX_TOKEN or not token.isascii():
        return False
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    given = _decoded(signature)
    if given is None or not hmac.compare_digest(digest, given):
        return False
    header, claims = _object(head), _object(body)
    issued: Any = claims.get("iat")
    hashed: Any = claims.get("payload_hash")
    return (
        header.get("alg") == "HS256"
        and type(issued) in (int, float)
        and issued >= since
        and abs(issued - now) <= TOLERANCE
        and isinstance(hashed, str)
        and hmac.compare_digest(hashed.encode(), payload_hash.encode())
    )


def _decoded(text: str) -> bytes | None:
    with suppress(binascii.Error, ValueError):
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    return None


def _object(text: str) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        value: Any = json.loads(_decoded(text) or b"")
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
    return {}
