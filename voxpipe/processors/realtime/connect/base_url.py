"""What stands before ``/realtime``: read once, and refused where it cannot be meant.

An address that somebody has pasted can hold a key in any place, so that no error shows
more of it than the host and the path that one would write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.processors.realtime.errors import ConfigurationError

Issuer = Literal["openai", "azure", "local", "other"]
"""Whose keys a host knows: OpenAI's, Azure's, this machine's, or somebody's."""

_SCHEMES = {"http": False, "https": True, "ws": False, "wss": True}
_AZURE_PATH = "/openai/v1"
_OPENAI = re.compile(r"([\w-]+\.)?api\.openai\.com")
# A resource of Azure's in the public cloud, the US government's and China's. Not all
# under azure.com are: on cloudapp.azure.com runs whatever a customer likes.
# Source: Microsoft's tables of endpoints by cloud, November 2026.
_AZURE = re.compile(
    r".+\.(openai|cognitiveservices|services\.ai)\.azure\.(com|us|cn)"
    r"|.+\.api\.cognitive\.(microsoft\.(com|us)|azure\.cn)"
)
# What requests themselves add.
_ADDED = re.compile(r"(.*?)/realtime(/(calls|client_secrets|translations)(/.*)?)?")
_OF_REQUESTS = {"model", "call_id", "intent"}  # in their queries


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A base URL that will do.

    Attributes:
        secure: TLS.
        netloc: host and port.
        path: what stands before ``/realtime``.
        query: what every request carries; some hosts want a key in it.
    """

    secure: bool
    netloc: str
    path: str
    query: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def host(self) -> str:
        """Its name alone."""
        return host_in(self.netloc)

    @property
    def issuer(self) -> Issuer:
        """Whose keys it knows."""
        return issuer_of(self.host)


def read_base_url(text: str, *, insecure: bool) -> BaseUrl:
    """Read a base URL.

    Args:
        text: such as ``https://host/v1``.
        insecure: it may be ``http://`` elsewhere than on this machine, too.

    Raises:
        ConfigurationError: it is none, shows a key, would send one in the clear, or
            holds more than what stands before ``/realtime``.
    """
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in _SCHEMES or not host:
        raise ConfigurationError(
            "the base URL must look like https://host/v1 (http, ws and wss will do too)"
        )
    if "@" in parts.netloc:
        raise ConfigurationError(
            f"the base URL for {host} holds a user name or a password: pass the key in "
            "Service(api_key=…), or set OPENAI_API_KEY"
        )
    query = tuple(parse_qsl(parts.query))
    url = BaseUrl(_SCHEMES[parts.scheme], parts.netloc, parts.path.rstrip("/"), query)
    _check_secrecy(url, parts.scheme, insecure)
    _check_path(url, parts.scheme)
    return url


def issuer_of(host: str) -> Issuer:
    """Whose keys a host knows, by its name."""
    name = host.lower().rstrip(".")
    if _OPENAI.fullmatch(name):
        return "openai"
    if _AZURE.fullmatch(name):
        return "azure"
    return "local" if is_loopback(name) else "other"


def host_in(netloc: str) -> str:
    """The name alone, without a port; empty if it cannot be read."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def _check_secrecy(url: BaseUrl, scheme: str, insecure: bool) -> None:
    if url.secure or url.issuer == "local":
        return
    risk = f"{scheme}:// would send the key and the call in the clear to {url.host}"
    if url.issuer != "other":  # they speak TLS, everywhere
        raise ConfigurationError(f"{risk}: use https://")
    if not insecure:
        raise ConfigurationError(
            f"{risk}, readable for all who are on the way: use https://; or, in a "
            "network of your own, Service(insecure=True) or "
            "VOXPIPE_REALTIME_INSECURE=1"
        )


def _check_path(url: BaseUrl, scheme: str) -> None:
    if url.issuer == "azure" and url.path != _AZURE_PATH:
        raise ConfigurationError(
            "the base URL of an Azure resource is "
            f"https://{url.netloc}{_AZURE_PATH}, with the name of a deployment as "
            "model="
        )
    added = _ADDED.fullmatch(url.path)
    if added is None and _OF_REQUESTS.isdisjoint(name for name, _ in url.query):
        return
    before = url.path if added is None else added[1]
    raise ConfigurationError(
        "the base URL is what stands before /realtime: "
        f"{scheme}://{url.netloc}{before}, with the model as model="
    )
