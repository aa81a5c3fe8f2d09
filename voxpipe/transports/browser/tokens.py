"""Tokens: who may talk, made by an app for one person, for a minute, and for one call.

A token is what the app knows of somebody, an end and a name, with a signature (HMAC,
SHA-256). It is no secret kept by the page: the app hands it to whoever has logged in,
and it opens one call.
"""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from voxpipe.pipeline import ConfigurationError

LIFETIME = 60.0  # seconds: to load a page, and to be asked for the microphone
MAX_LIFETIME = 3_600.0
MIN_SECRET = 16  # bytes
MAX_USED = 65_536  # tokens that were used and have not expired
MAX_TOKEN = 4_096  # characters


def _wall_clock() -> float:
    return datetime.now(UTC).timestamp()


class Tokens:
    """Makes tokens, and takes each of them once.

    Args:
        secret: known to all processes of the app, and to nobody else; 16 bytes or more.
            Once used, a token is refused by the process that has taken it.
        now: seconds since 1970, as all those processes have them.

    Raises:
        ConfigurationError: a secret that can be guessed.
    """

    def __init__(
        self, secret: str | bytes, *, now: Callable[[], float] = _wall_clock
    ) -> None:
        self._secret = secret.encode() if isinstance(secret, str) else secret
        if len(self._secret) < MIN_SECRET:
            raise ConfigurationError(
                f"expected a secret of at least {MIN_SECRET} bytes, got "
                f"{len(self._secret)}: secrets.token_hex() makes one"
            )
        self._now = now
        self._used: dict[str, float] = {}  # names, and when they expire

    def mint(self, *, seconds: float = LIFETIME, **about: str) -> str:
        """A token for one call, of somebody who has just been found to be allowed it.

        Args:
            seconds: in which the call must have begun; an hour at most.
            about: what the app is to know in `Call.parameters`; whoever has the token
                can read it. ``caller`` becomes `Call.caller`.

        Raises:
            ValueError: no time, too much of it, too much about somebody, or no text.
        """
        if not 0 < seconds <= MAX_LIFETIME:
            raise ValueError(f"expected seconds, an hour at most, got {seconds!r}")
        _only_texts(about)
        name, until = secrets.token_urlsafe(12), self._now() + seconds
        claims = json.dumps([name, until, about], separators=(",", ":"))
        body = urlsafe_b64encode(claims.encode()).decode()
        token = f"{body}.{self._signature(body)}"
        if len(token) > MAX_TOKEN:
            raise ValueError(f"a token holds at most {MAX_TOKEN} characters")
        return token

    async def check(self, token: str) -> Mapping[str, str] | None:
        """What a token says, the first time that it is brought, and in time; else none.

        As `BrowserEndpoints` wants it.
        """
        body, _, signature = token.partition(".")
        right = self._signature(body)
        if not hmac.compare_digest(right.encode(), signature.encode()):
            return None  # before anything is done that a stranger could ask for
        name, until, about = _read(body)
        now = self._now()
        for used, end in tuple(self._used.items()):
            if end < now:
                del self._used[used]
        if until < now or name in self._used or len(self._used) >= MAX_USED:
            return None
        self._used[name] = until
        return about

    def _signature(self, body: str) -> str:
        return hmac.digest(self._secret, body.encode(), "sha256").hex()


def _only_texts(about: Mapping[str, object]) -> None:
    for key, value in about.items():
        if not isinstance(value, str):
            kind = type(value).__name__
            raise ValueError(f"{key}= is for `Call.parameters`: a text, not {kind}")


def _read(body: str) -> tuple[str, float, Mapping[str, str]]:
    """Of what was signed here: it is sound."""
    value: Any = json.loads(urlsafe_b64decode(body))
    name, until, about = value
    return name, until, about
