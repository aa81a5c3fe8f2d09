"""Which host answers, and as whom it is asked; read from arguments and environment.

Sources: the official SDK's environment variables; OpenAI's guide to data residency
(November 2026); Microsoft's guide to the Realtime API over WebSockets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit, urlunsplit

from pydantic import SecretStr

from voxpipe.processors.realtime.config.turn_detection import SemanticVad, TurnDetection
from voxpipe.processors.realtime.config.warn import warn_program
from voxpipe.processors.realtime.errors import ConfigurationError

from .base_url import host_in, issuer_of, read_base_url
from .keys import OPENAI_URL, credentials, fits_a_header, is_meant, key_for
from .service import Service


class HostWarning(UserWarning):
    """A host is known not to do what a setting asks it for."""


REGIONS: Mapping[str, str] = {
    "us": "https://us.api.openai.com/v1",
    "eu": "https://eu.api.openai.com/v1",
}
INSECURE = "VOXPIPE_REALTIME_INSECURE"  # as `Service.insecure`, for containers
_YES = {"1", "true", "yes", "on"}
_READ = (
    *("OPENAI_BASE_URL", "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"),
    *("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", INSECURE),
)


@dataclass(frozen=True, slots=True)
class Host:
    """An API of OpenAI's shape, and who asks it.

    Attributes:
        secure: TLS.
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
        return issuer_of(host_in(self.netloc)) == "azure"

    @property
    def is_openai(self) -> bool:
        """It is OpenAI's, where models and voices have the names that they gave."""
        return issuer_of(host_in(self.netloc)) == "openai"

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
        return credentials(self.key, self.host) | dict(self.says)

    def __str__(self) -> str:
        return self.host


def host_of(service: Service, connect: object = None) -> Host:
    """Which host to ask; reads the environment as the official SDK does.

    Args:
        service: where, and as whom.
        connect: opens the connection; of one that only plays a service, and has
            ``needs_key = False``, nothing of the environment is read.

    Raises:
        ConfigurationError: no key for this host, one that cannot be sent, or a URL that
            would send it in the clear, shows one, or is not the only one given.
    """
    needs_key = getattr(connect, "needs_key", True)
    environment = _environment() if needs_key else {}
    insecure = service.insecure or environment.get(INSECURE, "").lower() in _YES
    url = read_base_url(_base(service, environment), insecure=insecure)
    key = key_for(url, service, environment) if needs_key else SecretStr("simulated")
    # What the environment says about one host is no other one's business.
    meant = environment if is_meant(environment, url) else {}
    says = {
        "OpenAI-Organization": service.organization or meant.get("OPENAI_ORG_ID"),
        "OpenAI-Project": service.project or meant.get("OPENAI_PROJECT_ID"),
        "OpenAI-Safety-Identifier": service.safety_identifier,
    }
    return Host(
        url.secure,
        url.netloc,
        url.path,
        url.query,
        key,
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


def _environment() -> dict[str, str]:
    """What is set of what is read; a blank is what compose files make of nothing."""
    given = {name: os.environ.get(name, "").strip() for name in _READ}
    return {name: value for name, value in given.items() if value}


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


def _header(name: str, value: str) -> str:
    value = value.strip()
    if not fits_a_header(value):
        raise ConfigurationError(
            f"{name} holds characters that no header can: expected plain ASCII"
        )
    return value
