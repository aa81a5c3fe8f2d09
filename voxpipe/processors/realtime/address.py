"""Where a session is, and what opens it; read from arguments and the environment."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr

from .errors import ConfigurationError

OPENAI_URL = "https://api.openai.com/v1"

_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a session is, and what opens it.

    Attributes:
        url: ``wss://…/realtime?model=…``; not shown, for some hosts want a key in it.
        key: never shown.
    """

    url: str = field(repr=False)
    key: SecretStr = field(repr=False)

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return urlsplit(self.url).netloc

    def __str__(self) -> str:
        return self.host


def address_of(
    model: str, *, api_key: str | SecretStr | None, base_url: str | None
) -> Address:
    """Where ``model`` is to be found; reads the environment as the official SDK does.

    Raises:
        ConfigurationError: no key, one that cannot be sent, or a URL that would send it
            in the clear or shows one.
    """
    key = _key(api_key)
    base = base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
    try:
        parts = urlsplit(base)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not host:
        raise ConfigurationError(
            "the base URL must look like https://host/v1 (http, ws and wss will do too)"
        )
    if "@" in parts.netloc:
        raise ConfigurationError(
            f"the base URL for {host} holds a user name or a password: pass the key as "
            "api_key=, or set OPENAI_API_KEY"
        )
    if scheme == "ws" and not _is_loopback(host):
        raise ConfigurationError(
            f"{parts.scheme}:// would send the key and the call in the clear to "
            f"{host}: use https://, plain connections are for loopback only"
        )
    path = parts.path.rstrip("/") + "/realtime"
    query = urlencode([*parse_qsl(parts.query), ("model", model)])
    return Address(urlunsplit((scheme, parts.netloc, path, query, "")), key)


def _key(given: str | SecretStr | None) -> SecretStr:
    if isinstance(given, SecretStr):
        given = given.get_secret_value()
    # Environment files like to end in a newline, which no header can hold.
    key = (given or os.environ.get("OPENAI_API_KEY") or "").strip()
    if not key:
        raise ConfigurationError(
            "no API key: set OPENAI_API_KEY, pass api_key=, or talk to the simulator "
            "(`voxpipe simulate`), which takes any key"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigurationError(
            "the API key holds characters that no key has (spaces, line breaks, quotes "
            "of a word processor …): copy it again"
        )
    return SecretStr(key)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
