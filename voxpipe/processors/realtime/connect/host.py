"""Which host answers, and as whom it is asked; read from arguments and environment.

Sources: the official SDK's environment variables; OpenAI's guide to data residency
(November 2026); Microsoft's guide to the Realtime API over WebSockets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr

from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.processors.realtime.config.turn_detection import SemanticVad, TurnDetection
from voxpipe.processors.realtime.config.warn import warn_program
from voxpipe.processors.realtime.errors import ConfigurationError

from .service import Service


class HostWarning(UserWarning):
    """A host is known not to do what a setting asks it for."""


OPENAI_URL = "https://api.openai.com/v1"
REGIONS: Mapping[str, str] = {
    "us": "https://us.api.openai.com/v1",
    "eu": "https://eu.api.openai.com/v1",
}
_NO_KEYS = {"OPENAI_API_KEY": "simulated", "AZURE_OPENAI_API_KEY": "simulated"}
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_AZURE = (".openai.azure.com", ".services.ai.azure.com")
_AZURE_PATH = "/openai/v1"
# What Entra gives out is a JSON Web Token; keys of Azure's have no dots.
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True, slots=True)
class Host:
    """An API of OpenAI's shape, and who asks it.

    Attributes:
        secure: TLS; without it only on this machine.
        netloc: host and port.
        path: what stands before ``/realtime``.
        query: what every request carries; some hosts want a key in it.
        key: never shown.
        says: further headers: the organization, the project, the end user.
    """

    secure: bool
    netloc: str
    path: str
    query: tuple[tuple[str, str], ...] = field(repr=False)
    key: SecretStr
    says: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def is_azure(self) -> bool:
        """It is Microsoft's, where models are deployments."""
        return _is_azure(self.netloc)

    def websocket(self, path: str = "/realtime", **query: str) -> Address:
        """Where a session is, such as that of ``model="gpt-realtime-2.1"``."""
        return self._address("wss" if self.secure else "ws", path, query)

    def rest(self, path: str) -> Address:
        """Where a REST endpoint is, such as ``/realtime/calls``."""
        return self._address("https" if self.secure else "http", path, {})

    def _address(self, scheme: str, path: str, query: Mapping[str, str]) -> Address:
        asked = urlencode([*self.query, *query.items()])
        url = urlunsplit((scheme, self.netloc, self.path + path, asked, ""))
        return Address(url, self.key, self.says)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a session or an endpoint is, and what opens it.

    Attributes:
        url: ``wss://…/realtime?model=…``; not shown, for some hosts want a key in it.
        key: never shown.
        says: further headers: the organization, the project, the end user.
    """

    url: str = field(repr=False)
    key: SecretStr = field(repr=False)
    says: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return urlsplit(self.url).netloc

    def headers(self) -> dict[str, str]:
        """What a request must carry, the key included: send it, and show it nobody."""
        secret = self.key.get_secret_value()
        opens = {"Authorization": f"Bearer {secret}"}
        if _is_azure(self.host) and not _TOKEN.fullmatch(secret):
            opens = {"api-key": secret}
        return opens | dict(self.says)

    def __str__(self) -> str:
        return self.host


def host_of(service: Service, connect: object = None) -> Host:
    """Which host to ask; reads the environment as the official SDK does.

    Args:
        service: where, and as whom.
        connect: opens the connection; of one that only plays a service, and has
            ``needs_key = False``, nothing of the environment is read.

    Raises:
        ConfigurationError: no key, one that cannot be sent, or a URL that would send it
            in the clear, shows one, or is not the only one given.
    """
    needs_key = getattr(connect, "needs_key", True)
    given: Mapping[str, str] = os.environ if needs_key else _NO_KEYS
    secure, netloc, path, query = _parts(_base(service, given))
    azure = _is_azure(netloc)
    if azure and path != _AZURE_PATH:
        raise ConfigurationError(
            f"the base URL of an Azure resource is https://{netloc}{_AZURE_PATH}, with "
            "the name of a deployment as model="
        )
    # What the environment says about OpenAI is not Microsoft's business.
    environment: Mapping[str, str] = {} if azure else given
    says = {
        "OpenAI-Organization": service.organization or environment.get("OPENAI_ORG_ID"),
        "OpenAI-Project": service.project or environment.get("OPENAI_PROJECT_ID"),
        "OpenAI-Safety-Identifier": service.safety_identifier,
    }
    name = "AZURE_OPENAI_API_KEY" if azure else "OPENAI_API_KEY"
    return Host(
        secure,
        netloc,
        path,
        query,
        _key(service.api_key or given.get(name), name),
        {name: _header(name, value) for name, value in says.items() if value},
    )


def warn_of_detection(host: Host, detection: TurnDetection) -> None:
    """Say so where turns would never end: the caller would wait for ever."""
    if host.is_azure and (
        detection == "semantic" or isinstance(detection, SemanticVad)
    ):
        warn_program(
            "Azure is reported to take semantic turns and never to end one "
            '(livekit/agents issue 6871): use turn_detection="server" or "local"',
            HostWarning,
        )


def _base(service: Service, environment: Mapping[str, str]) -> str:
    region, base_url = service.region, service.base_url
    if region is None:
        return base_url or environment.get("OPENAI_BASE_URL") or OPENAI_URL
    if region not in REGIONS:
        raise ConfigurationError(
            f"a region is one of {', '.join(REGIONS)}, not {region!r}: others have no "
            "Realtime API"
        )
    # A proxy would carry the call to wherever it likes.
    for name, other in (
        ("base_url=", base_url),
        ("OPENAI_BASE_URL", environment.get("OPENAI_BASE_URL")),
    ):
        if other and other.rstrip("/") != REGIONS[region]:
            raise ConfigurationError(
                f"region={region!r} is a host of OpenAI's, and {name} names another "
                "one: give one of them"
            )
    return REGIONS[region]


def _parts(base: str) -> tuple[bool, str, str, tuple[tuple[str, str], ...]]:
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
            f"the base URL for {host} holds a user name or a password: pass the key in "
            "Service(api_key=…), or set OPENAI_API_KEY"
        )
    if scheme == "ws" and not is_loopback(host):
        raise ConfigurationError(
            f"{parts.scheme}:// would send the key and the call in the clear to "
            f"{host}: use https://, plain connections are for loopback only"
        )
    query = tuple(parse_qsl(parts.query))
    return scheme == "wss", parts.netloc, parts.path.rstrip("/"), query


def _key(given: str | SecretStr | None, variable: str) -> SecretStr:
    if isinstance(given, SecretStr):
        given = given.get_secret_value()
    # Environment files like to end in a newline, which no header can hold.
    key = (given or "").strip()
    if not key:
        raise ConfigurationError(
            f"no API key: set {variable}, pass service=Service(api_key=…), or talk to "
            "the simulator: `voxpipe simulate`, or connect=simulated()"
        )
    if not _fits_a_header(key) or " " in key:
        raise ConfigurationError(
            "the API key holds characters that no key has (spaces, line breaks, quotes "
            "of a word processor …): copy it again"
        )
    return SecretStr(key)


def _header(name: str, value: str) -> str:
    value = value.strip()
    if not _fits_a_header(value):
        raise ConfigurationError(
            f"{name} holds characters that no header can: expected plain ASCII"
        )
    return value


def _fits_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _is_azure(netloc: str) -> bool:
    return (urlsplit(f"//{netloc}").hostname or "").endswith(_AZURE)
