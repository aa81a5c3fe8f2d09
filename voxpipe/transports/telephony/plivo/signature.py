"""How Plivo signs what it asks (V3): HMAC-SHA256 of the URL, the form and a nonce.

The URL is the one that Plivo was given. The upgrade of a stream is signed like a
``GET`` of its ``wss://`` URL.

Sources: https://plivo.com/docs/voice/concepts/signature-validation and
``plivo.utils.signature_v3`` of its own library, for what stands between the parts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

SIGNATURE, NONCE = b"x-plivo-signature-v3", b"x-plivo-signature-v3-nonce"

Fields = Iterable[tuple[str, str]]
"""Names and values of a form; a name can come more than once."""


def sign(auth_token: str, url: str, fields: Fields, nonce: str) -> str:
    """What Plivo writes into ``X-Plivo-Signature-V3``.

    Args:
        auth_token: of the account.
        url: with its query.
        fields: of the form that is posted; none for a ``GET``.
        nonce: that it sends with it.
    """
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={value}"
        for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    posted = "".join(name + value for name, value in sorted(fields))
    text = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if query or posted:
        text += "?" + query
    if query and posted:
        text += "."
    text += f"{posted}.{nonce}"
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")


def is_signed(
    auth_token: str, url: str, fields: Fields, signature: str, nonce: str
) -> bool:
    """Whether Plivo has sent this; takes the same time for every wrong signature.

    Where an account has two tokens there are two signatures, with a comma in between.
    """
    expected = sign(auth_token, url, fields, nonce).encode()
    found = False
    for each in signature.split(",")[:4]:
        found |= hmac.compare_digest(expected, each.strip().encode())
    return found
