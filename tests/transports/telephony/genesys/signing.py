"""Genesys' upgrades: signed as it signs them, or nearly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

from .hook import ORGANIZATION, SESSION

API_KEY = "the-api-key-of-the-integration"
CLIENT_SECRET = base64.b64encode(b"the-client-secret").decode()
HOST = "calls.example.com"


def upgrade(
    path: str = "/genesys",
    *,
    key: str = API_KEY,
    secret: str = CLIENT_SECRET,
    age: float = 0.0,
) -> dict[str, str]:
    """The headers of one."""
    created = int(datetime.now(UTC).timestamp() - age)
    nonce = base64.b64encode(secrets.token_bytes(18)).decode()
    signed = {
        "audiohook-organization-id": ORGANIZATION,
        "audiohook-session-id": SESSION,
        "audiohook-correlation-id": "e160e428-53e2-487c-977d-96989bf5c99d",
        "x-api-key": key,
    }
    values = {"@request-target": path, "@authority": HOST, **signed}
    names = " ".join(f'"{name}"' for name in values)
    parameters = f'({names});keyid="{key}";nonce="{nonce}";created={created}'
    lines = [f'"{name}": {text}' for name, text in values.items()]
    base = "\n".join([*lines, f'"@signature-params": {parameters}']).encode()
    digest = hmac.new(base64.b64decode(secret), base, hashlib.sha256).digest()
    return {
        **signed,
        "Signature-Input": f"sig1={parameters}",
        "Signature": f"sig1=:{base64.b64encode(digest).decode()}:",
    }
