"""How Genesys signs the upgrade of a session: HTTP message signatures, HMAC-SHA256.

Source: draft-ietf-httpbis-message-signatures (now RFC 9421), §2 and §3.3.3, and
https://developer.genesys.cloud/devapps/audiohook/security
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SIGNED = (
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    "x-api-key",
)
"""What has to be covered."""

MAX_AGE, MAX_SKEW = 10, 3  # seconds; those of Genesys's own implementation
MIN_NONCE = 22  # characters: 128 bits as base64

_INPUT = re.compile(
    r'([a-z*][a-z0-9_.*-]{0,63})=(\(((?:"[a-z0-9@-]{1,64}" ?){1,16})\)((?:;[^,]*)?))'
)
_PARAMETER = re.compile(
    r';(?:(created|expires)=(\d{1,12})|(keyid|nonce|alg)="([\x20\x21\x23-\x5b\x5d-\x7e]'
    r'{0,512})")'
)


@dataclass(frozen=True, slots=True)
class Claim:
    """An upgrade that says that it is Genesys's.

    Attributes:
        nonce: which nobody may use again.
        created: seconds since 1970.
    """

    nonce: str = field(repr=False)
    created: int
    _base: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    def is_signed(self, secret: bytes) -> bool:
        """Whether it is, by who has this."""
        digest = hmac.new(secret, self._base, hashlib.sha256).digest()
        return hmac.compare_digest(digest, self._signature)


def claim_of(
    headers: Mapping[str, str], target: str, authority: str, now: float
) -> Claim | None:
    """What an upgrade says of itself; ``None`` if it is old, or says too little.

    Args:
        headers: by their names in lower case.
        target: the path and the query that were asked for.
        authority: the host, with its port if that is not the usual one.
        now: seconds since 1970.
    """
    found = _INPUT.fullmatch(headers.get("signature-input", "").strip())
    if found is None:
        return None
    label, signed, names, rest = found.groups()
    covered = re.findall(r'"([^"]+)"', names)
    parameters = _parameters(rest)
    derived = {"@request-target": target, "@authority": authority}
    values = [derived.get(name, headers.get(name)) for name in covered]
    signature = _signature(headers.get("signature", ""), label)
    if (
        parameters is None
        or signature is None
        or None in values
        or len(set(covered)) < len(covered)
        or not set(covered).issuperset(SIGNED)
        or not _is_now(parameters, now)
        or parameters.get("keyid") != headers.get("x-api-key")
        or parameters.get("alg", "hmac-sha256") != "hmac-sha256"
        or len(parameters.get("nonce", "")) < MIN_NONCE
    ):
        return None
    lines = [f'"{name}": {text}' for name, text in zip(covered, values, strict=True)]
    base = "\n".join([*lines, f'"@signature-params": {signed}'])
    return Claim(parameters["nonce"], parameters["created"], base.encode(), signature)


def _is_now(parameters: Mapping[str, Any], now: float) -> bool:
    created, expires = parameters.get("created"), parameters.get("expires")
    if created is None or not -MAX_SKEW <= now - created <= MAX_AGE:
        return False
    return expires is None or expires > now


def _parameters(text: str) -> dict[str, Any] | None:
    """Behind what is covered; ``None`` if there is one that is unknown, or twice."""
    parameters: dict[str, Any] = {}
    at = 0
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if found is None:
            return None
        time, seconds, name, words = found.groups()
        if (time or name) in parameters:
            return None
        parameters[time or name] = int(seconds) if time else words
        at = found.end()
    return parameters


def _signature(text: str, label: str) -> bytes | None:
    name, equals, value = text.strip().partition("=")
    if name != label or not equals or not re.fullmatch(r":[A-Za-z0-9+/=]*:", value):
        return None
    try:
        return base64.b64decode(value[1:-1], validate=True)
    except binascii.Error:
        return None
