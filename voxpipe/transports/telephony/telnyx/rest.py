"""Placing calls by Telnyx' REST API.

Source: https://developers.telnyx.com/api-reference/call-commands/dial; for errors,
https://developers.telnyx.com/development/api-fundamentals/api-errors. Needs
``voxpipe[rest]``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from voxpipe.pipeline import ConfigurationError
from voxpipe.pipeline.runtime.opening import opened_by_block
from voxpipe.transports.telephony.outbound.asking import Asking, asking, checked_url
from voxpipe.transports.telephony.outbound.errors import PlacingError, Refusal
from voxpipe.transports.telephony.outbound.order import (
    QUEUED,
    RING,
    check_numbers,
    check_ring,
)
from voxpipe.transports.telephony.placed import Detect, PlacedCall
from voxpipe.transports.telephony.switchboard import App, Switchboard

from .placing import path_of

if TYPE_CHECKING:
    import httpx2

BASE_URL = "https://api.telnyx.com/v2"
TIMEOUT = 10.0  # seconds; an order is answered at once

_CALL_ID = re.compile(r"[\w:.~=+-]{1,128}", re.ASCII)  # v3:…, base64 for URLs
# Numbers that are inactive, invalid, or not in E.164's form.
_NUMBERS = {"10001", "10002", "10016"}
_DETECTION: Mapping[Detect, str] = {"answer": "detect", "greeting": "greeting_end"}


@opened_by_block
async def open_telnyx(
    switchboard: Switchboard,
    *,
    connection_id: str,
    api_key: str,
    public_url: str,
    base_url: str = BASE_URL,
    timeout: float = TIMEOUT,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> AsyncGenerator[TelnyxRest]:
    """Keep connections to Telnyx; one for a whole campaign will do.

    Args:
        switchboard: of the endpoints that take what Telnyx tells and streams.
        connection_id: of a Call Control application, in Telnyx' portal.
        api_key: ``KEY…``, likewise.
        public_url: where these endpoints are reached from outside, a mount's prefix
            included, such as ``https://calls.example.com``.
        base_url: of Telnyx' API.
        timeout: seconds for each request.
        transport: another way to Telnyx than the network, for tests.

    Raises:
        ConfigurationError: no key, no application, or a URL that is none.
        ImportError: httpx2 is not installed.
    """
    if not connection_id.strip() or not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise ConfigurationError(
            "connection_id is the id of a Call Control application, and api_key one of "
            "the account's API keys, both in Telnyx' portal"
        )
    public_url = checked_url("public_url", public_url)
    async with asking(
        "Telnyx",
        base_url,
        _refusal_in,
        timeout=timeout,
        transport=transport,
        headers={"authorization": f"Bearer {api_key}"},
    ) as telnyx:
        yield TelnyxRest(telnyx, switchboard, connection_id, public_url)


class TelnyxRest:
    """Places calls, each answered by an app; made by `open_telnyx`."""

    def __init__(
        self, asking: Asking, switchboard: Switchboard, connection_id: str, url: str
    ) -> None:
        self._asking = asking
        self._switchboard = switchboard
        self._connection_id = connection_id
        self._url = url

    async def place_call(
        self,
        to: str,
        *,
        from_: str,
        answer: App | None = None,
        parameters: Mapping[str, str] | None = None,
        ring: float = RING,
        detect: Detect | None = None,
    ) -> PlacedCall:
        """Order a call; returns when Telnyx dials. As `TwilioRest.place_call`.

        Raises:
            CallNotTaken: the switchboard has no place for it, or drains.
            ConfigurationError: a number, or a time, that cannot be.
            NumberRefused: Telnyx does not call there.
            TooManyRequests: it was asked too often; see ``retry_after``.
            NotAuthorized: it does not take the key.
            PlacingError: anything else; where there was no answer, nobody knows whether
                it rings. Should they pick up, no app runs.
        """
        check_numbers(to, from_)
        seconds = check_ring(ring)
        placed = self._switchboard.order(
            answer=answer,
            parameters=parameters,
            detect=detect,
            seconds=seconds + QUEUED,
        )
        order = {
            "connection_id": self._connection_id,
            "to": to,
            "from": from_,
            "timeout_secs": seconds,
            "webhook_url": self._url + path_of(placed),
            "webhook_url_method": "POST",
            "stream_url": "ws" + self._url.removeprefix("http") + path_of(placed),
            "stream_track": "inbound_track",
            "stream_codec": "PCMU",  # or it streams whatever the call has
            "stream_bidirectional_mode": "rtp",
            "stream_bidirectional_codec": "PCMU",
            "command_id": placed.token[:32],  # Telnyx does nothing twice for one of it
        }
        if detect is not None:
            order["answering_machine_detection"] = _DETECTION[detect]
        try:
            found = await self._asking.post("place the call", "/calls", json=order)
            data: Any = found.get("data")
            call_id: Any = (
                cast("dict[str, Any]", data).get("call_control_id")
                if isinstance(data, dict)
                else None
            )
            if not (
                isinstance(call_id, str)
                and _CALL_ID.fullmatch(call_id)
                and placed.name(call_id)
            ):
                raise PlacingError("Telnyx has taken the call, and not named it")
        except BaseException:
            placed.failed("canceled")
            raise
        return placed

    async def hang_up(self, placed: PlacedCall) -> None:
        """End a call, or let it ring no longer; `PlacedCall.over` tells when it has.

        Raises:
            PlacingError: Telnyx does not, as for `place_call`.
        """
        path = f"/calls/{quote(placed.id, safe='')}/actions/hangup"
        await self._asking.post("hang up", path, json={})


def _refusal_in(body: Any) -> Refusal:
    """``{"errors": [{"code": "10016", "source": {"pointer": "/to"}, …}]}``."""
    match body:
        case {
            "errors": [{"code": str(code), "source": {"pointer": "/to" | "/from"}}, *_]
        }:
            return Refusal(code, is_about_number=True)
        case {"errors": [{"code": str(code)}, *_]}:
            return Refusal(code, code in _NUMBERS)
        case _:
            return Refusal()
