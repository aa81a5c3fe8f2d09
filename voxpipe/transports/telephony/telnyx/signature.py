"""How Telnyx signs what it tells a webhook: Ed25519, of the time and the whole body.

Needs ``voxpipe[telnyx]``, which is cryptography.
Source: https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks
"""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from typing import Any

from voxpipe.pipeline import ConfigurationError

SIGNATURE, TIMESTAMP = b"telnyx-signature-ed25519", b"telnyx-timestamp"
TOLERANCE = 300  # seconds between its clock and ours, as in Telnyx' own libraries


class PublicKey:
    """The key by which Telnyx is known.

    Args:
        text: 32 bytes in base64, as Telnyx' portal shows it.

    Raises:
        ConfigurationError: it is no such key.
        ImportError: cryptography is not installed.
    """

    def __init__(self, text: str) -> None:
        self._key = _key_of(text)

    def has_signed(
        self,
        body: bytes,
        signature: str,
        timestamp: str,
        now: float,
        since: float = 0.0,
    ) -> bool:
        """Whether Telnyx has sent this, and not long ago.

        Args:
            body: every byte of it.
            signature: of its header, base64.
            timestamp: of its header, seconds since 1970.
            now: by our clock.
            since: when our memory of what came begins, by the same.
        """
        if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
            return False
        signed_at = int(timestamp)
        if signed_at < since or abs(signed_at - now) > TOLERANCE:
            return False
        from cryptography.exceptions import InvalidSignature

        with suppress(InvalidSignature, binascii.Error, ValueError):
            given = base64.b64decode(signature.encode("ascii"), validate=True)
            self._key.verify(given, timestamp.encode() + b"|" + body)
            return True
        return False


def _key_of(text: str) -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ImportError(
            "Telnyx' signatures need cryptography: pip install 'voxpipe[telnyx]'"
        ) from error
    with suppress(ValueError):  # binascii's errors are some
        key = base64.b64decode(text.strip().encode("ascii"), validate=True)
        return Ed25519PublicKey.from_public_bytes(key)
    # Raised here, so that it does not carry the error above.
    raise ConfigurationError(
        "public_key is 32 bytes in base64, as in Telnyx' portal: Keys & Credentials, "
        "Public Key"
    )
