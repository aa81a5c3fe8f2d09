"""Telnyx' API for placing calls, of one's own: it tells the webhook what happens.

Source: https://developers.telnyx.com/api-reference/call-commands/dial
"""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from anyio.to_thread import run_sync

from .caller import Caller
from .fake_telnyx import FakeTelnyx, signature
from .rest import Dialled, FakeRest
from .telnyx_words import TelnyxWords
from .webhook import Stream, post

_CAUSES = {
    "busy": "user_busy",
    "no-answer": "timeout",
    "failed": "not_found",
    "rings": "originator_cancel",
    "answers": "normal_clearing",
}
_NEEDED = {
    "connection_id",
    "to",
    "from",
    "webhook_url",
    "stream_url",
    "stream_codec",
    "stream_bidirectional_codec",
}
_MACHINE = "call.machine"


class FakeTelnyxRest(FakeRest):
    """Takes orders as Telnyx does, and tells the program's webhook what happens.

    Args:
        url: of the server that answers the calls, such as ``http://127.0.0.1:8080``.
        api_key: of the account.
        secret: 32 bytes, to sign events with; see `FakeTelnyx`.
        public_url: under which the server was told to be called, if that is another.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str,
        secret: bytes | None = None,
        public_url: str | None = None,
    ) -> None:
        super().__init__(url, public_url=public_url)
        self._secret = secret
        self._authorization = f"Bearer {api_key}"

    def answer(
        self, path: str, authorization: str, body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        """As ``FakeRest.answer``."""
        if not hmac.compare_digest(authorization, self._authorization):
            return _wrong(401, 10_009)
        order: dict[str, Any] = json.loads(body)
        parts = path.strip("/").split("/")
        if parts[:1] + parts[2:] == ["calls", "actions", "hangup"]:
            dialled = self.placed.get(unquote(parts[1]))
            if dialled is None:
                return _wrong(404, 10_005)
            dialled.hang_up()
            return 200, {"data": {"result": "ok"}}, {}
        if parts != ["calls"]:
            return _wrong(404, 10_005)
        if _NEEDED - order.keys():
            return _wrong(422, 10_004)
        refusing = self.refusing(order["to"])
        if refusing is not None:
            return _wrong(refusing.status, refusing.code, refusing.retry_after)
        call_id = f"v3:{uuid4().hex}"
        self.place(call_id, order["to"], order)
        return 200, {"data": {"call_control_id": call_id, "record_type": "call"}}, {}

    async def ring(self, call_id: str, dialled: Dialled) -> None:
        """As ``FakeRest.ring``."""
        callee = dialled.callee
        await self._tell(call_id, dialled, "call.initiated")
        try:
            if callee.does == "rings":
                await dialled.cancelled.wait()
            elif callee.does == "answers":
                await self._tell(call_id, dialled, "call.answered")
                await self._stream(call_id, dialled)
        finally:
            cause = _CAUSES[callee.does]
            await self._tell(call_id, dialled, "call.hangup", hangup_cause=cause)

    async def _stream(self, call_id: str, dialled: Dialled) -> None:
        order = dialled.order
        telnyx = FakeTelnyx(self._url, public_url=self._public)
        words = TelnyxWords(caller=order["from"], called=order["to"])
        words.call_id = call_id
        async with telnyx.connected(Stream(order["stream_url"], {}), words) as caller:
            await self.converse(dialled, caller, partial(self._talk, call_id))

    async def _talk(self, call_id: str, caller: Caller, dialled: Dialled) -> None:
        callee, mode = dialled.callee, dialled.order.get("answering_machine_detection")
        if mode is not None:
            result = {"unknown": "not_sure"}.get(callee.who, callee.who)
            event = f"{_MACHINE}.detection.ended"
            await self._tell(call_id, dialled, event, result=result)
        if callee.greeting is not None:
            await caller.say(callee.greeting)
        if mode == "greeting_end" and callee.who == "machine":
            event = f"{_MACHINE}.greeting.ended"
            await self._tell(call_id, dialled, event, result="beep_detected")
        if callee.talks is not None:
            await callee.talks(caller)
            caller.hang_up()

    async def _tell(
        self, call_id: str, dialled: Dialled, event: str, **more: str
    ) -> None:
        order = dialled.order
        payload = {"call_control_id": call_id, "to": order["to"], "from": order["from"]}
        body = json.dumps({"data": {"event_type": event, "payload": payload | more}})
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            now = datetime.now(UTC).timestamp()
            headers |= signature(self._secret, body.encode(), now)
        await run_sync(post, self.local(order["webhook_url"]), body, headers)


def _wrong(
    status: int, code: int, retry_after: int | None = None
) -> tuple[int, Any, dict[str, str]]:
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return status, {"errors": [{"code": str(code), "title": "refused"}]}, headers
