"""The webhook: what Twilio has not asked, or not so, gives nobody a ticket."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from anyio import current_time, sleep

from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.testing import Caller, Leg, Sids
from voxpipe.transports.telephony.testing.webhook import form
from voxpipe.transports.telephony.twilio.answer import TICKET

from ..asgi_driver import (
    exchange,
    request,
    scope_of,
)
from ..testing.agents import parrot, speech
from .ringing import (
    CALLED,
    CALLER,
    PUBLIC,
    TOKEN,
    Apps,
    Run,
    called,
    endpoints,
    refused,
    ring,
    rung,
    signed,
    unchecked,
    upgrading,
)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
    ],
    ids=["none", "empty", "wrong"],
)
def test_a_webhook_that_twilio_has_not_signed_is_refused(
    in_time: Run, headers: dict[str, str]
) -> None:
    async def scene() -> None:
        fields = form(Sids.new(), CALLER, CALLED)
        named = {"Content-Type": "application/x-www-form-urlencoded"} | headers
        response = await request(app, "POST", "/twilio/answer", fields, named)
        assert response.status == 403
        assert "signature" in response.text

    app = endpoints()
    in_time(scene)
    assert app.switchboard.state == "ready"


def test_a_webhook_that_another_account_has_signed_is_refused(in_time: Run) -> None:
    async def scene() -> None:
        assert (await ring(app, Sids.new())).status == 403

    app = endpoints(auth_token=TOKEN[:-1])
    in_time(scene)


def test_a_webhook_whose_form_was_changed_on_the_way_is_refused(in_time: Run) -> None:
    async def scene() -> None:
        sids = Sids.new()
        fields = form(sids, CALLER, CALLED)
        headers = signed(PUBLIC + "/twilio/answer", fields)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(fields)
        bodies = [
            body.replace("%2B1555", "%2B1556"),
            body + "&From=%2B15550000",
            body.replace(sids.call, Sids.new().call),
            body.partition("&")[2],
        ]
        for changed in bodies:
            response = await request(
                app, "POST", "/twilio/answer", changed.encode(), headers
            )
            assert response.status == 403
        response = await request(
            app, "POST", "/twilio/answer?x=1", body.encode(), headers
        )
        assert response.status == 403
        twice = [*headers.items(), ("X-Twilio-Signature", "x")]
        response = await request(app, "POST", "/twilio/answer", body.encode(), twice)
        assert response.status == 403
        response = await request(app, "POST", "/twilio/answer", body.encode(), headers)
        assert response.status == 200

    app = endpoints()
    in_time(scene)


def test_a_webhook_that_is_replayed_gives_nobody_a_second_call(in_time: Run) -> None:
    async def scene() -> None:
        sids = Sids.new()
        first, second = await rung(app, sids), await rung(app, sids)  # Twilio retries
        assert await refused(app, sids, dict(first.parameters)) == 1008
        async with upgrading(app, second.parameters[TICKET]) as upgrade:
            leg = Leg(current_time(), parameters=second.parameters, sids=sids)
            async with Caller(leg, upgrade) as caller:
                await caller.say(speech(1))
                await caller.listen()
        for seconds in (0, 25, 60, 86_400):
            await sleep(seconds)
            response = await ring(app, sids)
            assert (response.status, "answered" in response.text) == (403, True)
        assert await refused(app, sids, dict(second.parameters)) == 1008

    answer = Apps()
    app = endpoints(answer)
    in_time(scene)
    assert len(answer.calls) == 1


@pytest.mark.parametrize("status", ["initiated", "ringing", "in-progress"])
def test_news_of_a_call_takes_neither_its_ticket_nor_a_place(
    in_time: Run, status: str
) -> None:
    async def tell(sids: Sids) -> tuple[int, str]:
        fields = form(sids, CALLER, CALLED, status=status)
        fields |= {"CallbackSource": "call-progress-events", "SequenceNumber": "1"}
        headers = signed(PUBLIC + "/twilio/answer", fields)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(fields).encode()
        response = await request(app, "POST", "/twilio/answer", body, headers)
        return response.status, response.text

    async def scene() -> None:
        sids = Sids.new()
        assert await tell(sids) == (200, "<Response/>")  # it is about to ring
        stream = await rung(app, sids)
        assert await tell(sids) == (200, "<Response/>")
        async with upgrading(app, stream.parameters[TICKET]) as upgrade:
            leg = Leg(current_time(), parameters=stream.parameters, sids=sids)
            async with Caller(leg, upgrade) as caller:
                await caller.say(speech(1))
                assert await tell(sids) == (200, "<Response/>")
                await caller.listen()

    answer = Apps()
    app = endpoints(board=Switchboard(answer, limit=1))
    in_time(scene)
    assert len(answer.calls) == 1


def test_a_webhook_that_is_replayed_late_gives_nobody_a_call(in_time: Run) -> None:
    async def scene() -> None:
        sids = Sids.new()
        await rung(app, sids)
        await sleep(31)
        assert (await ring(app, sids)).status == 403

    app = endpoints()
    in_time(scene)


def test_a_webhook_that_is_replayed_after_a_restart_keeps_nobody_out(
    in_time: Run,
) -> None:
    async def scene() -> None:
        overheard = Sids.new()
        for _ in range(3):  # one a second
            assert (await ring(app, overheard)).status == 200
            assert (await ring(app, Sids.new())).status == 503
            await sleep(1)
        await sleep(0.01)
        assert (await ring(app, overheard)).status == 200
        ready = await request(app, "GET", "/readyz")
        assert (ready.status, ready.text) == (200, '{"state": "ready"}')
        async with called(app) as caller:
            await caller.say(speech(1))
            await caller.listen()

    app = endpoints(board=Switchboard(parrot, limit=1))
    in_time(scene)


def test_a_stream_that_comes_late_is_taken_if_there_is_room(in_time: Run) -> None:
    async def scene() -> None:
        late, later = Sids.new(), Sids.new()
        first = await rung(app, late)
        await sleep(3.01)
        second = await rung(app, later)  # nobody else wanted the place of the first
        assert await refused(app, late, dict(first.parameters)) == 1013
        async with upgrading(app, second.parameters[TICKET]) as upgrade:
            leg = Leg(current_time(), parameters=second.parameters, sids=later)
            async with Caller(leg, upgrade) as caller:
                await caller.say(speech(1))
                await caller.listen()
        third = await rung(app, sids := Sids.new())
        await sleep(5)
        async with upgrading(app, third.parameters[TICKET]) as upgrade:
            leg = Leg(current_time(), parameters=third.parameters, sids=sids)
            async with Caller(leg, upgrade) as caller:
                await caller.say(speech(1))
                await caller.listen()

    answer = Apps()
    app = endpoints(board=Switchboard(answer, limit=1))
    in_time(scene)
    assert len(answer.calls) == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/twilio/answer", 405),
        ("DELETE", "/twilio/answer", 405),
        ("HEAD", "/twilio/answer", 405),
        ("POST", "/healthz", 405),
        ("POST", "/readyz", 405),
        ("POST", "/", 404),
        ("GET", "/twilio/answers", 404),
        ("GET", "/twilio/../etc/passwd", 404),
        ("GET", "/twilio", 426),
        ("POST", "/twilio", 426),
    ],
)
def test_what_nobody_should_ask_is_refused_in_plain_words(
    in_time: Run, method: str, path: str, status: int
) -> None:
    async def scene() -> None:
        response = await request(app, method, path, b"secret")
        assert response.status == status
        assert response.text.startswith("expected ")
        assert response.headers["content-type"] == "text/plain; charset=utf-8"

    app = endpoints()
    in_time(scene)


def test_a_body_that_is_no_form_or_too_much_of_one_is_refused(in_time: Run) -> None:
    async def scene() -> None:
        async def status(body: bytes | list[bytes], kind: str = "form") -> int:
            named = {"Content-Type": kinds[kind]}
            response = await request(app, "POST", "/twilio/answer", body, named)
            assert "secret" not in response.text
            return response.status

        kinds = {
            "form": "application/x-www-form-urlencoded",
            "json": "application/json",
        }
        assert await status(b'{"CallSid": "secret"}', "json") == 415
        assert await status(b"secret") == 400
        assert await status(b"secret=%FF") == 400
        assert await status(b"&".join([b"secret=1"] * 257)) == 400
        assert await status([b"a=secret", b"1" * 65_536]) == 413
        scope = scope_of("http", "/twilio/answer", {"Content-Type": kinds["form"]})
        began = current_time()
        response = await exchange(app, scope | {"method": "POST"}, [])
        assert response.status == 408
        assert current_time() - began == pytest.approx(5)

    app = endpoints()
    in_time(scene)


@pytest.mark.parametrize("sid", ["", "CA 1", "CA/1", "<script>", "C" * 129, "é"])
def test_a_webhook_must_name_the_call(in_time: Run, sid: str) -> None:
    async def scene() -> None:
        response = await request(app, "POST", "/twilio/answer", {"CallSid": sid})
        assert response.status == 400
        assert "CallSid" in response.text

    app = unchecked(parrot)
    in_time(scene)


@pytest.mark.parametrize("host", ['a"><Dial>+1', "a b", ""])
def test_nobody_writes_his_own_twiml_by_a_host_header(in_time: Run, host: str) -> None:
    async def scene() -> None:
        named = {"Host": host, "Content-Type": "application/x-www-form-urlencoded"}
        response = await request(
            app, "POST", "/twilio/answer", {"CallSid": "CA1"}, named
        )
        assert response.status == 400

    app = unchecked(parrot)
    in_time(scene)
