"""Calls over REST: SDP exchange, accept, reject, refer, hang up."""

from __future__ import annotations

from random import SystemRandom
from typing import Any

from voxpipe.pipeline.errors import TransportError
from voxpipe.simulator.calls.call import SimulatedCall, gone
from voxpipe.simulator.calls.calls import Calls
from voxpipe.simulator.calls.sdp import answer
from voxpipe.simulator.errors import Refusal, missing
from voxpipe.simulator.net.admission import key_of
from voxpipe.simulator.net.keys import Keys
from voxpipe.simulator.net.messages import HttpError, HttpRequest, HttpResponse
from voxpipe.simulator.protocol.schema import fields, integer, matching, one_of
from voxpipe.webrtc import available, has_media

from .request_body import (
    DEFAULT_MODEL,
    check_model,
    form_fields,
    json_object,
    media_type,
    parse_object,
)

_DECLINED = 603
_REJECT = fields({"status_code": integer(300, 699)})
_REFER = fields(
    {"target_uri": matching(r"(?:tel|sips?):\S{1,1000}", "a tel: or sip: URI")},
    "target_uri",
)


class CallEndpoints:
    """Answers ``POST /v1/realtime/calls`` and what is below.

    Args:
        calls: the calls.
        keys: whose client secrets bring sessions along.
    """

    def __init__(self, calls: Calls, keys: Keys) -> None:
        self._calls = calls
        self._keys = keys
        self._random = SystemRandom()

    async def create(self, request: HttpRequest) -> HttpResponse:
        """Take a WebRTC offer; there is media if its sender says how to be reached.

        Raises:
            Refusal: the offer or the session cannot be.
            HttpError: the body is something else, or there are no more lines.
        """
        secret = self._keys.check(key_of(request.headers))
        session: dict[str, Any] = dict(secret.session) if secret else {}
        if media_type(request) == "application/sdp":
            offer = request.body
        else:
            form = form_fields(request)
            if "sdp" not in form:
                raise missing("sdp")
            offer = form["sdp"]
            session |= parse_object(form.get("session", b"{}"))
        text = offer.decode("utf-8", "replace")
        media, sdp = None, answer(text, self._random)
        if has_media(text) and available():
            media, sdp = await self._calls.open_media(text)
        try:
            call = self._begin(session)
        except BaseException:
            if media is not None:
                media.begin(None)
            raise
        if media is not None:
            media.begin(call)
        return HttpResponse(
            status=201,
            body=sdp.encode(),
            type="application/sdp",
            headers=(("location", f"/v1/realtime/calls/{call.id}"),),
        )

    def _begin(self, session: dict[str, Any]) -> SimulatedCall:
        try:
            call = self._calls.ring("webrtc")
        except TransportError:
            busy = Refusal(
                "server_is_overloaded",
                "This simulator has no more lines. Hang up some calls.",
                type="server_error",
            )
            raise HttpError(503, busy) from None
        try:
            self._start(call, session)
        except Refusal:
            self._calls.forget(call)
            raise
        return call

    async def accept(self, request: HttpRequest) -> HttpResponse:
        """Let a call that rings have a session.

        Raises:
            Refusal: the session cannot be.
            HttpError: there is no such call, or it has been accepted already.
        """
        call = self._asked(request)
        call.check_ringing()
        session = json_object(request)
        if "type" not in session:
            raise missing("type")
        try:
            self._start(call, session)
        except Refusal as refusal:
            raise _of_the_body(refusal) from None
        return HttpResponse()

    async def reject(self, request: HttpRequest) -> HttpResponse:
        """Let a call that rings be declined.

        Raises:
            Refusal: the status is none.
            HttpError: there is no such call, or it rings no more.
        """
        call = self._asked(request)
        call.check_ringing()
        asked = _REJECT(json_object(request), "")
        call.reject(asked.get("status_code", _DECLINED))
        return HttpResponse()

    async def refer(self, request: HttpRequest) -> HttpResponse:
        """Send the caller of a SIP call on.

        Raises:
            Refusal: the target is no address.
            HttpError: there is no such call in progress.
        """
        call = self._asked(request)
        asked = _REFER(json_object(request), "")
        if call.state != "accepted" or call.transport != "sip":
            raise gone(call.id)
        call.refer(asked["target_uri"])
        return HttpResponse()

    async def hang_up(self, request: HttpRequest) -> HttpResponse:
        """End a call, SIP or WebRTC.

        Raises:
            HttpError: there is no such call in progress.
        """
        call = self._asked(request)
        if call.state not in ("accepted", "ringing"):
            raise gone(call.id)
        call.end("app")
        return HttpResponse()

    def _asked(self, request: HttpRequest) -> SimulatedCall:
        return self._calls.find(request.path.split("/")[-2])

    def _start(self, call: SimulatedCall, session: dict[str, Any]) -> None:
        asked = {"type": "realtime", **session}
        one_of("realtime")(asked["type"], "session.type")
        model = check_model(asked.pop("model", DEFAULT_MODEL))
        self._calls.accept(call, model, asked)


def _of_the_body(refusal: Refusal) -> Refusal:
    """The session is the body here, and not a field of it."""
    return Refusal(
        refusal.code,
        refusal.message.replace("'session.", "'"),
        refusal.param and refusal.param.removeprefix("session."),
        type=refusal.type,
    )
