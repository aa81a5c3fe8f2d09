"""How Twilio signs what it sends: HMAC-SHA1 of the URL and the fields of the form.

The URL is the one that Twilio was given, so it must be configured; what a request says
of its own host is anybody's guess. Twilio signs the upgrade of a stream like a ``GET``
of its ``wss://`` URL.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security; for what it does
with ports, `RequestValidator` of its own library ("sig generation on back end is
inconsistent"); for ``wss://``, github.com/twilio-labs/twilio-aspnet/issues/162.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit, urlunsplit

HEADER = b"x-twilio-signature"
_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}

Fields = Iterable[tuple[str, str]]
"""Names and values of a form; a name can come more than once."""


def sign(auth_token: str, url: str, fields: Fields = ()) -> str:
    """What Twilio writes into ``X-Twilio-Signature``.

    Args:
        auth_token: of the account.
        url: with its query, exactly as Twilio was given it.
        fields: of the form that is posted; none for a ``GET``.
    """
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def is_signed(auth_token: str, url: str, fields: Fields, signature: str) -> bool:
    """Whether Twilio has sent this; takes the same time for every wrong signature.

    The URL may be spelt with the port or without it, whichever Twilio has signed, and
    the path of a stream with a slash at its end or without.
    """
    given, fields = signature.encode(), tuple(fields)
    found = False
    for spelling in _spellings(url):
        expected = sign(auth_token, spelling, fields).encode()
        found |= hmac.compare_digest(expected, given)
    return found


def _spellings(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    host = parts.netloc
    if parts.port is None:
        hosts = (host, f"{host}:{_PORTS[parts.scheme]}")
    else:
        hosts = (host, host.rpartition(":")[0])
    paths = [parts.path]
    if parts.scheme in ("ws", "wss"):
        bare = parts.path.rstrip("/")
        paths = [bare, bare + "/"]
    for host in hosts:
        for path in paths:
            yield urlunsplit(parts._replace(netloc=host, path=path))
