"""Which key a host is shown: its issuer's, or one that was given for it.

A key goes to OpenAI, to Azure, or to this machine, according to who has issued it. Any
other host gets one only together with its address, from the same hand: both in a
`Service`, or both in the environment, where OPENAI_BASE_URL says what OPENAI_API_KEY
is for. A key that one hand gives for an address of the other's would be sent to whoever
the one did not think of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from voxpipe.processors.realtime.errors import ConfigurationError

from .base_url import BaseUrl, host_in, issuer_of
from .service import Service

OPENAI_URL = "https://api.openai.com/v1"
# What Entra gives out is a JSON Web Token; keys of Azure's have no dots.
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


def key_for(
    url: BaseUrl, service: Service, environment: Mapping[str, str]
) -> SecretStr:
    """The key to show at ``url``.

    Raises:
        ConfigurationError: there is none, or none for this host, or one that cannot be
            sent.
    """
    if service.api_key:
        if url.issuer in ("azure", "other") and not service.base_url:
            raise ConfigurationError(
                f"Service(api_key=…) does not say that its key is for {url.netloc}, "
                "which OPENAI_BASE_URL names: pass both, Service(api_key=…, "
                "base_url=…), or set both in the environment"
            )
        return _checked(service.api_key, "OPENAI_API_KEY")
    if url.issuer == "azure":
        name = "AZURE_OPENAI_API_KEY"
        return _checked(environment.get(name), name)
    name = "OPENAI_API_KEY"
    given = environment.get(name)
    if given and not is_meant(environment, url):
        raise ConfigurationError(
            f"the environment does not say that {name} is for {url.netloc}: pass both, "
            f"Service(api_key=…, base_url=…), or set OPENAI_BASE_URL beside {name}"
        )
    return _checked(given, name)


def is_meant(environment: Mapping[str, str], url: BaseUrl) -> bool:
    """Whether what the environment says for OPENAI_BASE_URL is meant for ``url``."""
    if url.issuer in ("azure", "local"):
        return url.issuer == "local"
    netloc = _netloc(environment.get("OPENAI_BASE_URL") or OPENAI_URL)
    if _same_place(netloc) == _same_place(url.netloc):
        return True
    # A key that opens a simulator is no secret: it is often OpenAI's.
    theirs = issuer_of(host_in(netloc))
    return url.issuer == "openai" and theirs in ("openai", "local")


def credentials(key: SecretStr, netloc: str) -> dict[str, str]:
    """The header that opens ``netloc``."""
    secret = key.get_secret_value()
    if issuer_of(host_in(netloc)) == "azure" and not _TOKEN.fullmatch(secret):
        return {"api-key": secret}
    return {"Authorization": f"Bearer {secret}"}


def fits_a_header(value: str) -> bool:
    """Whether it can be sent in one."""
    return value.isascii() and value.isprintable()


def _checked(given: str | SecretStr | None, variable: str) -> SecretStr:
    if isinstance(given, SecretStr):
        given = given.get_secret_value()
    # Environment files like to end in a newline, which no header can hold.
    key = (given or "").strip()
    if not key:
        raise ConfigurationError(
            f"no API key: set {variable}, pass service=Service(api_key=…), or talk to "
            "the simulator: `voxpipe simulate`, which takes any key, or "
            "connect=simulated(), which needs none"
        )
    if not fits_a_header(key) or " " in key:
        raise ConfigurationError(
            "the API key holds characters that no key has (spaces, line breaks, quotes "
            "of a word processor …): copy it again"
        )
    return SecretStr(key)


def _same_place(netloc: str) -> str:
    # A key is for a host; that its default port or the root's dot is written is no
    # other place. Another port may be another server.
    host, _, port = netloc.lower().removesuffix(":443").partition(":")
    return f"{host.rstrip('.')}:{port}"


def _netloc(url: str) -> str:
    try:
        return urlsplit(url.strip()).netloc
    except ValueError:
        return ""
