"""A SIP call that rings at OpenAI, as its webhook tells of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from .webhook import Webhook, WebhookRefused

INCOMING = "realtime.call.incoming"

_ADDRESS = re.compile(r"(?:sips?:([^@;>\s]{1,128})@|tel:([^;>\s]{1,128}))")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCall:
    """A call that waits to be accepted, or rejected.

    Attributes:
        id: ``rtc_…``, for the REST side and `open_session`.
        headers: of SIP's INVITE, in order, each as often as it came. Anybody can write
            anything into them.
        media_security: ``srtp``, ``rtp`` for audio in the clear, or empty.
    """

    id: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    media_security: str = ""

    @property
    def caller(self) -> str:
        """The number, or the name, that calls, as the caller's side has it."""
        return _user(self.header("From"))

    @property
    def called(self) -> str:
        """The number, or the name, that was called."""
        return _user(self.header("To"))

    def header(self, name: str) -> str:
        """The first header of this name, in any case; empty if there is none."""
        wanted = name.lower()
        return next((v for n, v in self.headers if n.lower() == wanted), "")


class _Header(BaseModel):
    name: str
    value: str


class _Data(BaseModel):
    call_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,255}$")]
    sip_headers: list[_Header] = Field(default_factory=list[_Header])
    sip_media_security: str | None = None


def incoming(webhook: Webhook) -> IncomingCall | None:
    """The call that a webhook announces; ``None`` if it is about something else.

    Raises:
        WebhookRefused: it should be one, and is not.
    """
    if webhook.type != INCOMING:
        return None
    try:
        data = _Data.model_validate(webhook.data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        # Without the places in lists: refusals are counted by what they say.
        where = ".".join(part for part in first["loc"] if isinstance(part, str))
        wrong = f"{INCOMING}: data.{where}: {first['msg']}"
    else:
        return IncomingCall(
            id=data.call_id,
            headers=tuple((each.name, each.value) for each in data.sip_headers),
            media_security=data.sip_media_security or "",
        )
    raise WebhookRefused(wrong)


def _user(address: str) -> str:
    found = _ADDRESS.search(address)
    return (found[1] or found[2]) if found else ""
