"""Twilio's endpoints: calls from the webhook to their end, and too many of them.

The server is in memory and time is virtual; the caller is the fake carrier's.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlencode

import httpx2
import pytest
from anyio import (
    CancelScope,
    Event,
    create_memory_object_stream,
    create_task_group,
    current_time,
    sleep,
    sleep_forever,
)
from starlette.applications import Starlette
from starlette.routing import Mount

from voxpipe.pipeline import AudioFrame, Pipeline, Turn
from voxpipe.pipeline.testing import Probe, Source, no_leaks
from voxpipe.transports.asgi import Message, Receive, Scope, Send
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.testing import Caller, Leg, Sids
from voxpipe.transports.telephony.testing.webhook import form, stream_of
from voxpipe.transports.telephony.tickets import mark_of
from voxpipe.transports.telephony.twilio.answer import TICKET

from ..asgi_driver import (
    request,
    upgraded,
)
from ..testing.agents import ULAW, greeter, parrot, speech
from .ringing import (
    CALLED,
    CALLER,
    HOME,
    POSTED,
    PUBLIC,
    Apps,
    Run,
    at_home,
    called,
    endpoints,
    refused,
    ring,
    rung,
    signed,
    unchecked,
    upgrading,
)


def test_a_call_goes_from_the_webhook_to_its_end(
    in_time: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        async with no_leaks(), called(app, parameters={"lang": "it"}) as caller:
            assert (await caller.listen()).duration == pytest.approx(2.0)
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)
        assert caller.measured.underruns == caller.measured.violation_count == 0

    answer = Apps(greeter)
    app = endpoints(answer)
    in_time(scene)
    (call,) = answer.calls
    assert (call.caller, call.called) == (CALLER, CALLED)
    assert call.parameters == {"lang": "it"}  # the ticket is not the app's
    assert app.checks
    assert [each.levelname for each in caplog.records if "voxpipe" in each.name] == [
        "INFO"
    ]


@pytest.mark.parametrize("root", ["/phone", "/a/b", "/telefon/über"])
def test_a_call_can_be_taken_wherever_the_endpoints_are_mounted(
    in_time: Run, root: str
) -> None:
    async def scene() -> None:
        async with called(app, root=root.replace("ü", "%C3%BC")) as caller:
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)

    inner = endpoints()
    mounted = Starlette(routes=[Mount(root, inner)])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:

        await mounted({**scope, "path": unquote(scope["path"])}, receive, send)

    in_time(scene)


def test_a_call_can_be_taken_behind_a_prefix_that_the_server_knows(
    in_time: Run,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, "root_path": "/in"}, receive, send)  # uvicorn --root-path

    async def scene() -> None:
        async with called(app, root="/in") as caller:
            await caller.say(speech(1))
            await caller.listen()

    inner = endpoints()
    in_time(scene)


async def test_an_http_client_sees_what_twilio_sees() -> None:
    app = Starlette(routes=[Mount("/phone", endpoints())])
    fields = form(Sids.new(), CALLER, CALLED)
    url = PUBLIC + "/phone/twilio/answer"
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://10.0.0.7:8080"
    ) as client:
        answer = await client.post(
            "/phone/twilio/answer", data=fields, headers=signed(url, fields)
        )
        stream = stream_of(answer.status_code, answer.content)
        assert stream.url == (
            "wss://calls.example.com/phone/twilio/" + mark_of(stream.parameters[TICKET])
        )
        assert (await client.get("/phone/healthz")).text == "alive\n"


def test_a_webhook_may_be_asked_with_get_too(in_time: Run) -> None:
    async def scene() -> None:
        sids = Sids.new()
        path = "/twilio/answer?" + urlencode(form(sids, CALLER, CALLED))
        response = await request(app, "GET", path, headers=signed(PUBLIC + path))
        stream = stream_of(response.status, response.body)
        assert app.switchboard.tickets.redeem(stream.parameters[TICKET], sids.call)
        response = await request(app, "GET", path + "0", headers=signed(PUBLIC + path))
        assert response.status == 403

    app = endpoints()
    in_time(scene)


def test_on_the_own_machine_a_stream_needs_neither_signature_nor_ticket(
    in_time: Run,
) -> None:
    async def scene() -> None:
        async with (
            upgraded(app, headers=HOME) as upgrade,
            Caller(Leg(current_time()), upgrade) as caller,
        ):
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)
        response = await request(
            app, "POST", "/twilio/answer", {"CallSid": "CA1"}, HOME | POSTED
        )
        assert stream_of(200, response.body).url == "ws://localhost:8080/twilio"
        # Though a ticket that is shown must be a good one.
        async with upgraded(app, headers=HOME) as upgrade:
            leg = Leg(current_time(), parameters={TICKET: "wrong"})
            async with Caller(leg, upgrade) as caller:
                await caller.wait_closed()
            assert caller.close_code == 1008

    answer = Apps()
    app = at_home(answer)
    assert not app.checks
    in_time(scene)
    assert len(answer.calls) == 1


# --- too many, and the end


def test_an_app_that_does_not_end_is_told_to_who_asks_for_readiness(
    in_time: Run,
) -> None:
    async def stubborn(call: Call) -> None:
        try:
            await parrot(call)
        finally:
            with CancelScope(shield=True):
                await released.wait()

    async def state() -> tuple[int, str]:
        ready = await request(app, "GET", "/readyz")
        return ready.status, json.loads(ready.text)["state"]

    async def scene() -> None:
        async with called(app) as caller:
            await caller.say(speech(0.1))
            await sleep(10.5)  # idle, and cut
            assert await state() == (200, "ready")
            await sleep(29)
            assert await state() == (200, "ready")
            await sleep(2)
            assert await state() == (503, "stuck")
            assert (await ring(app, Sids.new())).status == 200  # others are taken still
            released.set()
            await sleep(1)
            assert await state() == (200, "ready")

    released = Event()
    app = endpoints(board=Switchboard(stubborn, idle_limit=10))
    in_time(scene)


def test_calls_that_are_too_many_are_refused_at_once(in_time: Run) -> None:
    async def scene() -> None:
        async with called(app) as one, called(app) as two:
            for caller in (one, two):
                await caller.say(speech(0.1))
            began = current_time()
            response = await ring(app, Sids.new())
            assert response.status == 503
            assert response.headers["retry-after"] == "5"
            assert await refused(app, Sids.new(), {}) == 1013
            assert current_time() - began < 0.1
            ready = await request(app, "GET", "/readyz")
            assert ready.status == 503
            assert json.loads(ready.text) == {"state": "full"}  # anybody may ask
            await one.say(speech(1))
            assert (await one.listen()).duration == pytest.approx(1.1)
        assert (await ring(app, Sids.new())).status == 200
        ready = await request(app, "GET", "/readyz")
        assert (ready.status, ready.headers["content-type"]) == (
            200,
            "application/json; charset=utf-8",
        )

    app = endpoints(board=Switchboard(parrot, limit=2))
    in_time(scene)


def test_calls_that_were_promised_have_their_places(in_time: Run) -> None:
    async def scene() -> None:
        first, second = Sids.new(), Sids.new()
        await rung(app, first)
        stream = await rung(app, second)
        assert (await ring(app, Sids.new())).status == 503
        async with upgrading(app, stream.parameters[TICKET]) as upgrade:
            leg = Leg(current_time(), parameters=stream.parameters, sids=second)
            async with Caller(leg, upgrade) as caller:
                await caller.say(speech(1))
                await caller.listen()
        await sleep(10)
        assert (await ring(app, Sids.new())).status == 200  # the first never came

    app = endpoints(board=Switchboard(parrot, limit=2))
    in_time(scene)


def test_without_tickets_the_last_place_is_given_once(in_time: Run) -> None:
    async def scene() -> None:
        async with (
            upgraded(app) as one,
            upgraded(app) as two,
            Caller(Leg(current_time()), one) as first,
            Caller(Leg(current_time()), two) as second,
        ):
            await sleep(1)
            codes = {first.close_code, second.close_code}
        assert codes == {None, 1013}

    answer = Apps()
    app = unchecked(answer, limit=1)
    in_time(scene)
    assert len(answer.calls) == 1


def test_a_server_that_drains_finishes_its_calls_and_takes_no_others(
    in_time: Run,
) -> None:
    async def scene() -> None:
        board = app.switchboard
        async with called(app) as caller, create_task_group() as tasks:
            await caller.say(speech(0.1))
            promised = Sids.new()
            stream = await rung(app, promised)
            tasks.start_soon(board.drain, 60)
            await sleep(0.1)
            response = await ring(app, Sids.new())
            assert (response.status, response.text) == (
                503,
                "no call is taken: draining\n",
            )
            ready = await request(app, "GET", "/readyz")
            assert (ready.status, json.loads(ready.text)["state"]) == (503, "draining")
            assert (await request(app, "GET", "/healthz")).status == 200
            # Who was told to connect before that still is let in.
            async with upgrading(app, stream.parameters[TICKET]) as upgrade:
                leg = Leg(current_time(), parameters=stream.parameters, sids=promised)
                async with Caller(leg, upgrade) as last:
                    await last.say(speech(1))
                    assert (await last.listen()).duration == pytest.approx(1.0)
            assert await refused(app, Sids.new(), {}) == 1013
            assert board.calls == 1
            caller.hang_up()
        assert board.calls == 0

    app = endpoints()
    in_time(scene)


def test_a_promise_does_not_outlive_the_drain(in_time: Run) -> None:
    async def scene() -> None:
        sids = Sids.new()
        stream = await rung(app, sids)
        await app.switchboard.drain(0)
        assert await refused(app, sids, dict(stream.parameters)) == 1013

    app = endpoints()
    in_time(scene)


def test_the_lifespan_ends_with_all_calls_cut(in_time: Run) -> None:
    async def scene() -> None:
        async with called(app) as caller, create_task_group() as tasks:
            await caller.say(speech(0.1))
            to_app, messages = create_memory_object_stream[Message](1)
            answers = list[str]()

            async def answer(message: Message) -> None:
                answers.append(message["type"])

            async def live() -> None:
                await app({"type": "lifespan"}, messages.receive, answer)

            tasks.start_soon(live)
            await to_app.send({"type": "lifespan.startup"})
            await sleep(1)
            assert answers == ["lifespan.startup.complete"]
            await to_app.send({"type": "lifespan.shutdown"})
            await caller.wait_closed()
            await sleep(0.1)
            assert answers[1:] == ["lifespan.shutdown.complete"]
            to_app.close()
            messages.close()

    app = endpoints()
    in_time(scene)


# --- failures on one call


@pytest.mark.parametrize("after_end", ["raises", "silent"])
def test_a_reader_that_stops_for_a_minute_is_cut_and_another_call_goes_on(
    in_time: Run, after_end: Any
) -> None:
    async def talker(call: Call) -> None:
        turn = Turn()
        said = (
            AudioFrame(data=bytes([0x10]) * 1_600, format=ULAW, start=at / 5, turn=turn)
            for at in range(600)
        )
        source = Source(said)
        source.output.format = ULAW
        pipeline = Pipeline(call.heard >> Probe().input, source.output >> call.speaks)
        pipelines.append(pipeline)
        await pipeline.run()

    async def answer(call: Call) -> None:
        await (parrot if pipelines else talker)(call)

    async def scene() -> None:
        async with called(app, capacity=16, after_end=after_end) as deaf:
            await deaf.say(speech(0.1))
            deaf.stop_reading(60)
            async with called(app) as other:
                for _ in range(10):
                    await other.say(speech(1))
                    await other.listen()
            assert other.measured.underruns == 0
            assert app.switchboard.calls == 0
            assert deaf.close_code == 1000
            assert deaf.measured.messages < 40
        (pipeline,) = pipelines
        inputs = pipeline.stats().inputs
        assert inputs["twilio_call.speaks"].high_water <= 2

    pipelines = list[Pipeline]()
    app = endpoints(answer)
    in_time(scene)


def test_an_app_that_fails_is_apologised_for_and_the_server_still_answers(
    in_time: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(call: Call) -> None:
        raise ValueError(f"secret: {call.caller}")

    async def answer(call: Call) -> None:
        await apps.pop(0)(call)

    async def scene() -> None:
        async with called(app) as caller:
            assert (await caller.listen(pause=1)).duration == pytest.approx(
                4.6, abs=0.1
            )
            await caller.wait_closed()
            assert (caller.ended, caller.close_code) == ("agent", 1000)
        async with called(app) as caller:
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)

    apps: list[Callable[[Call], Awaitable[None]]] = [fails, parrot]
    app = endpoints(answer)
    in_time(scene)
    levels = [each.levelname for each in caplog.records if "voxpipe" in each.name]
    assert levels == ["ERROR", "INFO", "INFO"]


def test_an_app_that_never_returns_is_ended_with_the_connection_it_has_lost(
    in_time: Run,
) -> None:
    async def answer(call: Call) -> None:
        await parrot(call)
        await sleep_forever()

    async def scene() -> None:
        async with called(app) as caller:
            await caller.say(speech(1))
            await caller.listen()
        assert app.switchboard.calls == 0

    app = endpoints(board=Switchboard(answer, idle_limit=30))
    in_time(scene)
