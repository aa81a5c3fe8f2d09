"""Where the model is asked, and as whom: what every way to it takes in one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import SecretStr

from voxpipe.processors.realtime.errors import ConfigurationError

_TEXTS = ("api_key", "base_url", "organization", "project", "safety_identifier")
Region = Literal["us", "eu"]
"""Where calls are processed and kept; other regions have no Realtime API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where the model is asked, and as whom; what is left out the environment says.

    The environment is read when a session is opened, as the official SDK reads it.

    Attributes:
        api_key: default: ``OPENAI_API_KEY``, or, for Azure, ``AZURE_OPENAI_API_KEY``.
            Azure also takes an Entra token. Any other host than these two and this
            machine gets a key only with its address: both here, or both in the
            environment.
        base_url: default: ``OPENAI_BASE_URL``, or OpenAI itself. Azure's is
            ``https://RESOURCE.openai.azure.com/openai/v1``.
        region: OpenAI's hosts for the US or the EU, in place of a URL.
        insecure: let the base URL be ``http://`` elsewhere than on this machine, too;
            default: ``VOXPIPE_REALTIME_INSECURE``. Whoever is on the way then reads
            the key and hears the call: for a network of your own, as of containers.
        organization: who pays; default: ``OPENAI_ORG_ID``.
        project: likewise, ``OPENAI_PROJECT_ID``.
        safety_identifier: of the end user, hashed; the same for all of their calls.

    Raises:
        ConfigurationError: something else than a text for what is one.
    """

    api_key: str | SecretStr | None = field(default=None, repr=False)
    base_url: str | None = field(default=None, repr=False)  # some carry a key
    region: Region | None = None
    insecure: bool = False
    organization: str | None = None
    project: str | None = None
    safety_identifier: str | None = None

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value: object = getattr(self, name)
            known = (str, SecretStr) if name == "api_key" else str
            if value is not None and not isinstance(value, known):
                # Never the value: it may be a key in another wrapping.
                raise ConfigurationError(
                    f"Service({name}=…) takes a text, not a value of type "
                    f"{type(value).__name__}"
                )


FROM_ENVIRONMENT = Service()
"""As the environment says."""
