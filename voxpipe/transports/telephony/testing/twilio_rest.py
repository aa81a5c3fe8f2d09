"""Twilio's API for placing calls, of one's own: it rings, and streams.

Source: https://www.twilio.com/docs/voice/api/call-resource
"""

from __future__ import annotations

import base64
import hmac
import re
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from .caller import Caller
from .fake_twilio import FakeTwilio
from .rest import Dialled, FakeRest
from .twilio_words import Sids
from .webhook import form, stream_of

_CALLS = re.compile(r"/2010-04-01/Accounts/(AC\w+)/Calls(?:/(CA\w+))?\.json")


class FakeTwilioRest(FakeRest):
    """Takes orders as Twilio does, rings the program's webhook, and streams to it::

        async with FakeTwilioRest(server.url, auth_token=token) as twilio:
            twilio.numbers["+15550101"] = Callee(does="busy")
            # open_twilio(…, base_url=twilio.url)

    Args:
        url: of the server that answers the calls, such as ``http://127.0.0.1:8080``.
        auth_token: of the account; it also signs what the server is told.
        account_sid: of the account.
        public_url: under which the server was told to be called, if that is another.
    """

    def __init__(
        self,
        url: str,
        *,
        auth_token: str,
        account_sid: str = "AC" + "0" * 32,
        public_url: str | None = None,
    ) -> None:
        super().__init__(url, public_url=public_url)
        self.account_sid = account_sid
        self._auth_token = auth_token
        pair = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._authorization = f"Basic {pair}"

    def answer(
        self, path: str, authorization: str, body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        """As ``FakeRest.answer``."""
        found = _CALLS.fullmatch(path)
        if found is None or found[1] != self.account_sid:
            return _wrong(404, 20404)
        if not hmac.compare_digest(authorization, self._authorization):
            return _wrong(401, 20003)
        order = dict(parse_qsl(body.decode("ascii", "replace")))
        if found[2] is not None:
            return self._update(found[2], order)
        missing = {"To", "From", "Url"} - order.keys()
        if missing:
            return _wrong(400, 21_201 if "To" in missing else 21_205)
        refusing = self.refusing(order["To"])
        if refusing is not None:
            return _wrong(refusing.status, refusing.code, refusing.retry_after)
        sid = Sids.new().call
        self.place(sid, order["To"], order)
        return 201, {"sid": sid, "status": "queued"}, {}

    def _update(
        self, sid: str, order: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        dialled = self.placed.get(sid)
        if dialled is None:
            return _wrong(404, 20404)
        if order.get("Status") not in ("completed", "canceled"):
            return _wrong(400, 21_218)
        dialled.hang_up()
        return 200, {"sid": sid, "status": "completed"}, {}

    async def ring(self, call_id: str, dialled: Dialled) -> None:
        """As ``FakeRest.ring``."""
        callee, order = dialled.callee, dialled.order
        status = "completed"
        if callee.does == "rings":
            await dialled.cancelled.wait()
            status = "canceled"
        elif callee.does != "answers":
            status = callee.does
        else:
            try:
                await self._pick_up(call_id, dialled)
            finally:
                await self._tell(order.get("StatusCallback"), call_id, dialled)
            return
        await self._tell(
            order.get("StatusCallback"), call_id, dialled, CallStatus=status
        )

    async def _pick_up(self, call_id: str, dialled: Dialled) -> None:
        sids = Sids(self.account_sid, call_id, Sids.new().stream)
        answer = await self._tell(
            dialled.order["Url"], call_id, dialled, CallStatus="in-progress"
        )
        stream = stream_of(*answer)
        async with self._twilio("").connected(stream, sids) as caller:
            await self.converse(dialled, caller, partial(self._talk, call_id))

    async def _talk(self, call_id: str, caller: Caller, dialled: Dialled) -> None:
        callee, order = dialled.callee, dialled.order
        callback = order.get("AsyncAmdStatusCallback")
        waits = order.get("MachineDetection") == "DetectMessageEnd"
        if not waits or callee.who == "human":  # a person is known at once
            await self._detect(callback, call_id, dialled, "machine_start")
        if callee.greeting is not None:
            await caller.say(callee.greeting)
        if waits and callee.who != "human":
            await self._detect(callback, call_id, dialled, "machine_end_beep")
        if callee.talks is not None:
            await callee.talks(caller)
            caller.hang_up()

    async def _detect(
        self,
        callback: str | None,
        call_id: str,
        dialled: Dialled,
        machine: str,
    ) -> None:
        who = dialled.callee.who or "unknown"
        if "MachineDetection" in dialled.order:
            found = machine if who == "machine" else who
            await self._tell(callback, call_id, dialled, AnsweredBy=found)

    async def _tell(
        self,
        url: str | None,
        call_id: str,
        dialled: Dialled,
        **more: str,
    ) -> tuple[int, bytes]:
        """Post to one of the URLs that came with the order."""
        if url is None:
            return 0, b""
        order = dialled.order
        sids = Sids(self.account_sid, call_id, "")
        fields = form(sids, order["From"], order["To"], status="completed")
        if "AnsweredBy" in more:
            del fields["CallStatus"]
        fields |= {"Direction": "outbound-api", **more}
        return await self._twilio(url.removeprefix(self._public)).tell(fields)

    def _twilio(self, path: str) -> FakeTwilio:
        return FakeTwilio(
            self._url,
            auth_token=self._auth_token,
            answer=path,
            public_url=self._public,
        )


def _wrong(
    status: int, code: int, retry_after: int | None = None
) -> tuple[int, Any, dict[str, str]]:
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "more_info": more, "status": status}, headers
