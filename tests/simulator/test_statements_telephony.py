"""Statements 102 to 104: calls and webhooks, judged by the official SDK."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from openai import (
    APIStatusError,
    AsyncOpenAI,
    BadRequestError,
    InvalidWebhookSignatureError,
    NotFoundError,
    OpenAI,
)
from pydantic import SecretStr

from voxpipe.pipeline.errors import TransportError
from voxpipe.simulator import (
    CallRejected,
    Line,
    PortLimits,
    Script,
    Simulator,
    Timing,
    ToneVoice,
)
from voxpipe.simulator.calls.webhook import call_incoming, signed
from voxpipe.simulator.net.listener import PortListener
from voxpipe.simulator.net.messages import HttpRequest, HttpResponse

from .bench import judge
from .web_client import WebSocket, connect

SECRET = "whsec_" + base64.b64encode(b"a secret of the app").decode()
OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendrecv",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=mid:1",
        "a=sctp-port:5000",
        "",
    ]
)
SCRIPT = Script(
    replies=(Line(say="Good evening."),),
    timing=Timing(first_audio_ms=0, first_text_ms=0, rate_limits_ms=0),
)


@asynccontextmanager
async def service() -> AsyncGenerator[tuple[Simulator, AsyncOpenAI]]:
    async with (
        Simulator(SCRIPT, ToneVoice()) as server,
        AsyncOpenAI(
            base_url=server.url,
            api_key="sk-test",
            webhook_secret=SECRET,
            max_retries=0,
        ) as openai,
    ):
        yield server, openai


@asynccontextmanager
async def app(
    respond: Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> AsyncGenerator[str]:
    """An app that takes webhooks; gives their URL."""

    def welcome(request: HttpRequest) -> Any:
        raise NotImplementedError

    stop = anyio.Event()
    listener = PortListener("127.0.0.1", respond, welcome, PortLimits())
    async with anyio.create_task_group() as tasks:
        port = await tasks.start(listener.serve, 0, stop)
        yield f"http://127.0.0.1:{port}/webhook?from=openai"
        stop.set()


def sideband(server: Simulator, call_id: str) -> Any:
    bearer = {"Authorization": "Bearer sk-test"}
    return connect(f"{server.websocket_url}?call_id={call_id}", bearer)


async def receive(socket: WebSocket) -> dict[str, Any]:
    with anyio.fail_after(10):
        event: dict[str, Any] = json.loads(await socket.recv())
    judge(event)
    return event


async def test_102_an_offer_is_answered_with_201_sdp_and_location() -> None:
    async with service() as (server, openai):
        answered = await openai.realtime.calls.create(
            sdp=OFFER,
            session={
                "type": "realtime",
                "model": "gpt-realtime-2.1",
                "instructions": "Be brief.",
            },
        )
        assert answered.response.status_code == 201
        assert answered.response.headers["content-type"] == "application/sdp"
        location = answered.response.headers["location"]
        assert location.startswith("/v1/realtime/calls/rtc_")
        lines = answered.text.split("\r\n")
        assert lines[0] == "v=0"
        assert "s=voxpipe simulator, without media" in lines
        assert [line for line in lines if line.startswith("a=mid:")] == [
            "a=mid:0",
            "a=mid:1",
        ]
        call_id = location.rpartition("/")[2]
        async with sideband(server, call_id) as socket:
            session = (await receive(socket))["session"]
            assert session["model"] == "gpt-realtime-2.1"
            assert session["instructions"] == "Be brief."
        await openai.realtime.calls.hangup(call_id)


async def test_102_a_browser_sends_its_offer_with_a_client_secret() -> None:
    async with service() as (server, openai):
        secret = await openai.realtime.client_secrets.create(
            session={"type": "realtime", "model": "gpt-realtime-mini"}
        )
        browser = openai.with_options(api_key=secret.value)
        answered = await browser.post(
            "/realtime/calls",
            content=OFFER.encode(),
            options={"headers": {"Content-Type": "application/sdp"}},
            cast_to=openai_binary(),
        )
        assert answered.response.status_code == 201
        call_id = answered.response.headers["location"].rpartition("/")[2]
        async with sideband(server, call_id) as socket:
            assert (await receive(socket))["session"]["model"] == "gpt-realtime-mini"


def openai_binary() -> Any:
    from openai import HttpxBinaryResponseContent

    return HttpxBinaryResponseContent


@pytest.mark.parametrize("sdp", ["", "v=0\r\n", "hello"])
async def test_102_what_is_no_offer_is_refused(sdp: str) -> None:
    async with service() as (_, openai):
        with pytest.raises(BadRequestError) as refused:
            await openai.realtime.calls.create(sdp=sdp)
    assert refused.value.param == "sdp"


async def test_102_hanging_up_ends_both_kinds_of_calls_and_their_sidebands() -> None:
    async with service() as (server, openai):
        answered = await openai.realtime.calls.create(sdp=OFFER)
        web = answered.response.headers["location"].rpartition("/")[2]
        async with server.incoming_call() as call:
            await openai.realtime.calls.accept(call.id, type="realtime")
            for call_id in (web, call.id):
                async with sideband(server, call_id) as socket:
                    await receive(socket)
                    await openai.realtime.calls.hangup(call_id)
                    with anyio.fail_after(10), pytest.raises(Exception, match="1000"):
                        await socket.recv()
                with pytest.raises(NotFoundError) as gone:
                    await openai.realtime.calls.hangup(call_id)
                assert gone.value.code == "call_not_found"
            assert await call.over() == "app"


async def test_102_a_call_is_rejected_with_603_unless_told_otherwise() -> None:
    async with service() as (server, openai):
        async with server.incoming_call() as call:
            await openai.realtime.calls.reject(call.id)
            with pytest.raises(CallRejected) as rejected:
                await call.answered()
            assert rejected.value.status == 603
        async with server.incoming_call() as busy:
            await openai.realtime.calls.reject(busy.id, status_code=486)
            with pytest.raises(CallRejected) as rejected:
                await busy.answered()
            assert rejected.value.status == 486
            with pytest.raises(NotFoundError):
                await openai.realtime.calls.accept(busy.id, type="realtime")


async def test_102_a_caller_is_sent_on() -> None:
    async with service() as (server, openai), server.incoming_call() as call:
        await openai.realtime.calls.accept(call.id, type="realtime")
        with pytest.raises(BadRequestError) as refused:
            await openai.realtime.calls.refer(call.id, target_uri="Mr Smith")
        assert refused.value.param == "target_uri"
        await openai.realtime.calls.refer(call.id, target_uri="tel:+14155550123")
        assert call.referred_to == "tel:+14155550123"
        assert await call.over() == "referral"


async def test_103_a_call_is_accepted_once() -> None:
    async with service() as (server, openai):
        async with server.incoming_call() as call:
            await openai.realtime.calls.accept(call.id, type="realtime")
            await call.answered()
            with pytest.raises(BadRequestError) as refused:
                await openai.realtime.calls.accept(call.id, type="realtime")
            assert refused.value.code == "call_already_accepted"
            assert call.state == "accepted"
        async with server.incoming_call() as taken:
            taken.let_live_api_take_it()
            with pytest.raises(BadRequestError) as refused:
                await openai.realtime.calls.accept(taken.id, type="realtime")
            assert refused.value.code == "call_already_accepted"


async def test_103_a_session_that_cannot_be_leaves_the_call_ringing() -> None:
    async with service() as (server, openai), server.incoming_call() as call:
        with pytest.raises(BadRequestError) as refused:
            await openai.realtime.calls.accept(
                call.id, type="realtime", audio={"output": {"speed": 7.0}}
            )
        assert refused.value.param == "audio.output.speed"
        assert call.state == "ringing"
        async with sideband(server, call.id) as socket:
            error = (await receive(socket))["error"]
            assert error["code"] == "call_not_found"
        await openai.realtime.calls.accept(call.id, type="realtime")
        await call.answered()


async def test_104_a_webhook_is_verified_by_the_sdk() -> None:
    async with service() as (server, openai):
        headers = [
            ("From", "sip:alice@example.com"),
            ("Authorization", "Digest secret"),
            ("Via", "SIP/2.0/TLS a"),
            ("Via", "SIP/2.0/TLS b"),
        ]
        async with server.incoming_call(secret=SECRET, headers=headers) as call:
            webhook = call.webhook
            event = openai.webhooks.unwrap(webhook.body, webhook.headers)
            assert event.type == "realtime.call.incoming"
            assert event.data.call_id == call.id
            shown = [(each.name, each.value) for each in event.data.sip_headers]
            assert shown == [headers[0], *headers[2:]]
            for wrong in ("whsec_" + base64.b64encode(b"another").decode(), "plain"):
                with pytest.raises(InvalidWebhookSignatureError):
                    openai.webhooks.unwrap(webhook.body, webhook.headers, secret=wrong)


def test_104_any_of_several_signatures_is_enough() -> None:
    now = unix_now()
    event = call_incoming("rtc_1", [], now)
    both = signed(event, [SecretStr("old"), SecretStr(SECRET)], now)
    with OpenAI(api_key="sk-test") as openai:
        for secret in ("old", SECRET):
            openai.webhooks.unwrap(both.body, both.headers, secret=secret)
        with pytest.raises(InvalidWebhookSignatureError):
            openai.webhooks.unwrap(both.body, both.headers, secret="new")


@pytest.mark.parametrize(("seconds", "why"), [(-310, "too old"), (310, "too new")])
def test_104_a_webhook_of_another_time_is_refused(seconds: int, why: str) -> None:
    now = unix_now() + seconds
    old = signed(call_incoming("rtc_1", [], now), [SecretStr(SECRET)], now)
    with (
        OpenAI(api_key="sk-test") as openai,
        pytest.raises(InvalidWebhookSignatureError, match=why),
    ):
        openai.webhooks.unwrap(old.body, old.headers, secret=SECRET)


def unix_now() -> int:
    from datetime import UTC, datetime

    return int(datetime.now(UTC).timestamp())


async def test_104_the_webhook_is_posted_and_the_app_may_accept_in_it() -> None:
    async with service() as (server, openai):
        asked: list[HttpRequest] = []

        async def respond(request: HttpRequest) -> HttpResponse:
            asked.append(request)
            event = openai.webhooks.unwrap(request.body, dict(request.headers))
            assert event.type == "realtime.call.incoming"
            await openai.realtime.calls.accept(event.data.call_id, type="realtime")
            return HttpResponse(status=204)

        async with (
            app(respond) as url,
            server.incoming_call(webhook_url=url, secret=SECRET) as call,
        ):
            await call.answered()
            assert call.state == "accepted"
        [request] = asked
        assert (request.method, request.target) == ("POST", "/webhook?from=openai")
        assert request.headers["content-type"] == "application/json"


async def test_104_an_app_that_does_not_take_its_webhook_fails_the_test() -> None:
    async def respond(_: HttpRequest) -> HttpResponse:
        return HttpResponse(status=500, body=b"failed")

    async with service() as (server, _), app(respond) as url:
        with pytest.raises(TransportError, match="with 500"):
            async with server.incoming_call(webhook_url=url, secret=SECRET):
                raise AssertionError
        for elsewhere, why in (
            ("http://127.0.0.1:1/", "cannot post"),
            ("http://example.com/", "this machine only"),
            ("ftp://127.0.0.1/", "URL"),
        ):
            with pytest.raises(TransportError, match=why):
                async with server.incoming_call(webhook_url=elsewhere, secret=SECRET):
                    raise AssertionError


async def test_unknown_calls_are_404() -> None:
    async with service() as (_, openai):
        for ask in (
            openai.realtime.calls.accept("rtc_nope", type="realtime"),
            openai.realtime.calls.reject("rtc_nope"),
            openai.realtime.calls.refer("rtc_nope", target_uri="tel:+1"),
            openai.realtime.calls.hangup("rtc_nope"),
        ):
            with pytest.raises(APIStatusError) as refused:
                await ask
            assert refused.value.status_code == 404
