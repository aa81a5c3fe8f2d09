"""What REST requests give back, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class ClientSecret(BaseModel):
    """A key for one who must not have yours, such as a browser; good for minutes.

    It opens any number of sessions until it expires, which may then go on.

    Attributes:
        value: ``ek_…``; not shown.
        expires_at: unix seconds.
    """

    model_config = ConfigDict(frozen=True)

    value: Annotated[SecretStr, Field(min_length=1)]
    expires_at: Annotated[int, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Answer:
    """The other half of an SDP exchange.

    Attributes:
        sdp: for the browser, as it came.
        call_id: ``rtc_…``; `open_session` takes it, to control the call from here.
    """

    sdp: str
    call_id: str
