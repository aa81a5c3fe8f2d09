"""Which keys are good: those of the program, and the client secrets made with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from voxpipe.simulator.errors import BadKey

_MAX_SECRETS = 10_000  # of the oldest more is forgotten: it is then unknown


def unix_time() -> float:
    """The time as keys, sessions and webhooks are stamped with it: unix seconds."""
    return datetime.now(UTC).timestamp()


def any_key(key: str) -> bool:
    """What a simulator accepts unless told otherwise, as local gateways do."""
    return bool(key)


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A key for one client, which brings its session along.

    Attributes:
        value: ``ek_…``.
        expires_at: unix seconds; a session that has begun goes on.
        session: what the session is to be, as it was asked for.
    """

    value: str = field(repr=False)
    expires_at: int
    session: dict[str, Any] = field(repr=False)


class Keys:
    """The keys that open something.

    Args:
        accepts: whether a key that was not made here is good.
        today: gives the time, unix seconds.
    """

    def __init__(
        self, accepts: Callable[[str], bool], today: Callable[[], float]
    ) -> None:
        self._accepts = accepts
        self._secrets: dict[str, IssuedSecret] = {}
        self.today = today

    def add(self, secret: IssuedSecret) -> None:
        """Let ``secret`` open a session, as often as it likes, until it expires."""
        if len(self._secrets) >= _MAX_SECRETS:
            del self._secrets[next(iter(self._secrets))]
        self._secrets[secret.value] = secret

    def expire(self) -> None:
        """Let all client secrets be expired from now on."""
        now = int(self.today())
        for value, secret in self._secrets.items():
            self._secrets[value] = IssuedSecret(value, now, secret.session)

    def check(self, key: str | None) -> IssuedSecret | None:
        """Let a key pass.

        Args:
            key: as the client gave it; ``None`` when it gave none.

        Returns:
            What is known of it, when it is a client secret that was made here.

        Raises:
            BadKey: it does not pass.
        """
        if key is None:
            raise BadKey(None, "Missing bearer or basic authentication in header")
        secret = self._secrets.get(key)
        if secret is not None and self.today() < secret.expires_at:
            return secret
        if secret is not None:
            raise BadKey("invalid_api_key", "This client secret has expired.")
        if not self._accepts(key):
            raise BadKey(
                "invalid_api_key",
                f"Incorrect API key provided: {key[:3]}****. You can find your API key "
                "at https://platform.openai.com/account/api-keys.",
            )
        return None
