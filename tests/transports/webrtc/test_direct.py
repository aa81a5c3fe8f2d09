"""Calls of a page to the service itself: what of them is ours, on both event loops.

That sound and tools work is proved by ``examples/browser_direct.py``, and in Chromium.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from anyio import Event, fail_after

from voxpipe.pipeline import TransportError
from voxpipe.processors.realtime import Service, Settings, open_session
from voxpipe.processors.realtime.rest import Answer, open_rest
from voxpipe.simulator import Script, Simulator, ToneVoice
from voxpipe.transports.asgi import Message
from voxpipe.transports.browser import BrowserEndpoints
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.webrtc import DirectCall, DirectEndpoint

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
)
SDP = (b"content-type", b"application/sdp")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """It needs no aiortc."""
    return str(request.param)


async def nobody(call: Call) -> None:
    """No app for calls that come here."""


async def ada_only(token: str) -> dict[str, str] | None:
    return {"caller": "Ada"} if token == "ada's" else None


async def asked(
    app: DirectEndpoint,
    method: str = "POST",
    path: str = "/direct",
    body: str = OFFER,
    *more: tuple[bytes, bytes],
) -> tuple[int, dict[str, str], str]:
    """What it answers: status, headers, and text."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body.encode()}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [SDP, (b"host", b"127.0.0.1"), *more],
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "query_string": b"",
    }
    await app(scope, receive, send)
    heads = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], heads, sent[1]["body"].decode()


@asynccontextmanager
async def endpoint(
    answer: Callable[[DirectCall], Any], **options: Any
) -> AsyncGenerator[tuple[DirectEndpoint, list[str], list[str]]]:
    """One whose service is in the test's hands: offers that came, calls hung up."""
    offers, ended = list[str](), list[str]()

    async def offer(sdp: str) -> Answer:
        offers.append(sdp)
        return Answer("v=0 of the service", f"rtc_{len(offers)}")

    async def hang_up(call_id: str) -> None:
        ended.append(call_id)
        raise TransportError("it is over")

    check = options.pop("check", None)
    browser = BrowserEndpoints(Switchboard(nobody), check=check)
    with fail_after(30):
        async with DirectEndpoint(
            browser, answer, offer=offer, hang_up=hang_up, farewell=0.0, **options
        ) as app:
            yield app, offers, ended


async def test_the_services_answer_is_passed_on_and_the_call_is_steered() -> None:
    steered, done = list[str](), Event()

    async def steer(call: DirectCall) -> None:
        steered.append(call.id)
        await done.wait()

    async with endpoint(steer) as (app, offers, ended):
        status, heads, text = await asked(app)
        assert (status, text) == (201, "v=0 of the service")
        assert heads["location"] == "/direct/rtc_1"
        assert heads["content-type"].startswith("application/sdp")
        assert offers == [OFFER]
        assert (await asked(app, "DELETE", "/direct/rtc_1"))[0] == 200
        assert ended == ["rtc_1"]
        assert (await asked(app, "DELETE", "/direct/rtc_of_others"))[0] == 200
        assert ended == ["rtc_1"]  # which are not ours to end
        done.set()
    assert steered == ["rtc_1"]


async def test_a_call_that_nobody_steers_any_more_is_ended_at_the_service() -> None:
    async def fails(call: DirectCall) -> None:
        raise RuntimeError("of the app")

    async with endpoint(fails) as (app, _, ended):
        await asked(app)
    assert ended == ["rtc_1"]


async def test_who_brings_no_token_that_is_known_costs_nothing() -> None:
    known = list[DirectCall]()

    async def steer(call: DirectCall) -> None:
        known.append(call)

    async with endpoint(steer, check=ada_only) as (app, offers, _):
        assert (await asked(app))[0] == 401
        assert offers == []
        token = (b"authorization", b"Bearer ada's")
        assert (await asked(app, "POST", "/direct", OFFER, token))[0] == 201
    assert [call.caller for call in known] == ["Ada"]
    assert "Ada" not in repr(known)


async def test_a_page_of_another_origin_is_refused_and_too_many_calls() -> None:
    done = Event()

    async def steer(call: DirectCall) -> None:
        await done.wait()

    async with endpoint(steer, limit=1) as (app, offers, _):
        foreign = (b"origin", b"https://x.test")
        assert (await asked(app, "POST", "/direct", OFFER, foreign))[0] == 403
        assert (await asked(app))[0] == 201
        status, _, text = await asked(app)
        assert (status, len(offers)) == (503, 1)
        assert "too many" in text
        done.set()
    assert (await asked(app))[0] == 503  # it is not open any more


async def test_what_the_service_says_against_it_stays_here() -> None:
    async def steer(call: DirectCall) -> None:
        """Never begins."""

    with fail_after(30):
        async with Simulator(Script(), ToneVoice()) as simulator:
            service = Service(api_key="sk-simulated", base_url=simulator.url)
            async with (
                open_rest(service=service) as rest,
                DirectEndpoint(
                    BrowserEndpoints(Switchboard(nobody)),
                    steer,
                    offer=partial(rest.answer, settings=Settings()),
                    hang_up=rest.hang_up,
                ) as app,
            ):
                simulator.turn_away(503)
                status, _, text = await asked(app)
                assert (status, "overloaded" in text) == (502, False)
                assert (await asked(app))[0] == 201


async def test_the_app_joins_the_call_and_ends_it() -> None:
    joined = Event()

    async def steer(service: Service, call: DirectCall) -> None:
        async with open_session(call_id=call.id, service=service) as session:
            assert session.settings.instructions == "Be brief."
            joined.set()

    with fail_after(30):
        async with Simulator(Script(), ToneVoice()) as simulator:
            service = Service(api_key="sk-simulated", base_url=simulator.url)
            settings = Settings(instructions="Be brief.")
            async with (
                open_rest(service=service) as rest,
                DirectEndpoint(
                    BrowserEndpoints(Switchboard(nobody)),
                    partial(steer, service),
                    offer=partial(rest.answer, settings=settings),
                    hang_up=rest.hang_up,
                ) as app,
            ):
                assert (await asked(app))[0] == 201
                await joined.wait()
