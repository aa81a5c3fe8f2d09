"""Placing calls by Twilio's REST API.

Source: https://www.twilio.com/docs/voice/api/call-resource; for errors,
https://www.twilio.com/docs/api/errors. Needs ``voxpipe[rest]``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, cast

from voxpipe.pipeline import ConfigurationError
from voxpipe.pipeline.runtime.opening import opened_by_block
from voxpipe.transports.telephony.carrier.fields import NAME as SID
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

BASE_URL = "https://api.twilio.com"
TIMEOUT = 10.0  # seconds; an order is answered at once, and queued there

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
# To and From that are invalid, unverified, blocked, or of a country not allowed.
_NUMBERS = {
    *(13_223, 13_224, 13_225, 13_226, 13_227),
    *(21_201, 21_210, 21_211, 21_212, 21_213, 21_214, 21_215, 21_216, 21_217, 21_219),
}
_DETECTION: Mapping[Detect, str] = {"answer": "Enable", "greeting": "DetectMessageEnd"}


@opened_by_block
async def open_twilio(
    switchboard: Switchboard,
    *,
    account_sid: str,
    auth_token: str,
    public_url: str,
    base_url: str = BASE_URL,
    timeout: float = TIMEOUT,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> AsyncGenerator[TwilioRest]:
    """Keep connections to Twilio; one for a whole campaign will do.

    Args:
        switchboard: of the `TwilioEndpoints` that take what Twilio asks and streams.
        account_sid: ``AC…``, in Twilio's console.
        auth_token: beside it there.
        public_url: where these endpoints are reached from outside, a mount's prefix
            included, such as ``https://calls.example.com``.
        base_url: of Twilio's API.
        timeout: seconds for each request.
        transport: another way to Twilio than the network, for tests.

    Raises:
        ConfigurationError: an account or a URL that is none.
        ImportError: httpx2 is not installed.
    """
    if not _ACCOUNT.fullmatch(account_sid) or not auth_token:
        raise ConfigurationError(
            "account_sid is AC and 32 hexadecimal digits, and auth_token stands beside "
            "it in Twilio's console: Account info"
        )
    public_url = checked_url("public_url", public_url)
    async with asking(
        "Twilio",
        base_url,
        _refusal_in,
        timeout=timeout,
        transport=transport,
        auth=(account_sid, auth_token),
    ) as twilio:
        yield TwilioRest(twilio, switchboard, account_sid, public_url)


class TwilioRest:
    """Places calls, each answered by an app; made by `open_twilio`."""

    def __init__(
        self, asking: Asking, switchboard: Switchboard, account_sid: str, url: str
    ) -> None:
        self._asking = asking
        self._switchboard = switchboard
        self._calls = f"/2010-04-01/Accounts/{account_sid}/Calls"
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
        """Order a call; returns when Twilio has it in its queue.

        The app runs as for calls that come in, once the person has picked up and the
        stream is there. Nothing is tried again by itself.

        Args:
            to: whom to call, such as ``+15550100123``, or ``sip:…``.
            from_: the number that they see; one of yours.
            answer: the app for this call; without, the switchboard's.
            parameters: for the app, as `Call.parameters`; they stay in this process.
            ring: seconds until it is given up, 5 to 120; Twilio adds some.
            detect: have Twilio hear who answers (it costs): ``"answer"`` for human or
                machine, ``"greeting"`` also for the end of a machine's greeting.

        Raises:
            CallNotTaken: the switchboard has no place for it, or drains.
            ConfigurationError: a number, or a time, that cannot be.
            NumberRefused: Twilio does not call there.
            TooManyRequests: it was asked too often; see ``retry_after``.
            NotAuthorized: it does not take the key.
            PlacingError: anything else; where there was no answer, nobody knows whether
                it rings. Should they pick up, they are hung up on.
        """
        check_numbers(to, from_)
        seconds = check_ring(ring)
        placed = self._switchboard.order(
            answer=answer,
            parameters=parameters,
            detect=detect,
            seconds=seconds + QUEUED,
        )
        try:
            found = await self._asking.post(
                "place the call",
                f"{self._calls}.json",
                data={
                    "To": to,
                    "From": from_,
                    "Timeout": str(seconds),
                    "Url": self._url + path_of(placed),
                    "Method": "POST",
                    "StatusCallback": self._url + path_of(placed),
                    "StatusCallbackMethod": "POST",
                    "StatusCallbackEvent": "completed",  # and why there was nothing
                    **self._detection(placed, detect),
                },
            )
            sid = found.get("sid")
            if not (isinstance(sid, str) and SID.fullmatch(sid) and placed.name(sid)):
                raise PlacingError("Twilio has taken the call, and not named it")
        except BaseException:
            placed.failed("canceled")
            raise
        return placed

    async def hang_up(self, placed: PlacedCall) -> None:
        """End a call, or let it ring no longer; `PlacedCall.over` tells when it has.

        Raises:
            PlacingError: Twilio does not, as for `place_call`.
        """
        path = f"{self._calls}/{placed.id}.json"
        await self._asking.post("hang up", path, data={"Status": "completed"})

    def _detection(self, placed: PlacedCall, detect: Detect | None) -> dict[str, str]:
        if detect is None:
            return {}
        return {
            "MachineDetection": _DETECTION[detect],
            "AsyncAmd": "true",  # or whoever picks up would wait for it in silence
            "AsyncAmdStatusCallback": self._url + path_of(placed, amd=True),
            "AsyncAmdStatusCallbackMethod": "POST",
        }


def _refusal_in(body: object) -> Refusal:
    """``{"code": 21211, "message": …, "status": 400}``; the message has the number."""
    if not isinstance(body, dict):
        return Refusal()
    code: Any = cast("dict[str, Any]", body).get("code")
    return Refusal(str(code), code in _NUMBERS) if isinstance(code, int) else Refusal()
