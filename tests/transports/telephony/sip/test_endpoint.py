"""The endpoint that hears of SIP calls: once of each, at once, and within bounds."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from anyio import (
    Event,
    create_task_group,
    fail_after,
    get_cancelled_exc_class,
    sleep_forever,
    wait_all_tasks_blocked,
)
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette
from starlette.routing import Mount

from voxpipe.pipeline import TransportError, watchdog
from voxpipe.transports.asgi import Message
from voxpipe.transports.telephony.sip import IncomingCall, SipEndpoint, sign

from ..asgi_driver import (
    Asgi,
    Response,
    request,
    scope_of,
)

SECRET = "whsec_c2VjcmV0"
PATH = "/openai/webhook"
_numbers = count(1)


def announcement(call_id: str = "rtc_1", type: str = "realtime.call.incoming") -> bytes:
    data: dict[str, Any] = {"call_id": call_id, "sip_headers": []}
    return json.dumps({"id": "evt_1", "type": type, "data": data}).encode()


async def announce(
    app: Asgi,
    body: bytes,
    *,
    id: str | None = None,
    path: str = PATH,
    **headers: str,
) -> Response:
    """What OpenAI does."""
    now = int(datetime.now(UTC).timestamp())
    signed = sign(body, SECRET, id=id or f"wh_{next(_numbers)}", sent_at=now)
    return await request(app, "POST", path, body, signed | headers)


class Calls:
    """An app whose calls last until they are told to end."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.over = Event()

    async def __call__(self, call: IncomingCall) -> None:
        self.taken.append(call.id)
        await self.over.wait()


@asynccontextmanager
async def endpoint(
    answer: Any = None, **options: Any
) -> AsyncGenerator[tuple[SipEndpoint, Calls]]:
    calls = Calls()
    sip = SipEndpoint(answer or calls, SECRET, **options)
    with fail_after(5):
        async with sip:
            yield sip, calls
            calls.over.set()


async def test_a_call_is_answered_at_once_and_goes_on_by_itself() -> None:
    async with endpoint() as (sip, calls):
        response = await announce(sip, announcement())
        assert (response.status, response.body) == (200, b"")
        await wait_all_tasks_blocked()
        assert calls.taken == ["rtc_1"]
        assert sip.calls == 1
    assert sip.calls == 0


async def test_a_call_is_taken_once_however_often_it_is_announced() -> None:
    async with endpoint() as (sip, calls):
        for id in ("wh_a", "wh_a", "wh_b"):
            response = await announce(sip, announcement(), id=id)
            assert response.status == 200
        await wait_all_tasks_blocked()
        assert calls.taken == ["rtc_1"]
        calls.over.set()
    # Also when it is over.
    async with sip:
        assert (await announce(sip, announcement(), id="wh_a")).status == 200
    assert calls.taken == ["rtc_1"]


async def test_what_is_too_much_is_refused_and_taken_when_it_comes_again() -> None:
    async with endpoint(limit=1) as (sip, calls):
        await announce(sip, announcement("rtc_1"), id="wh_1")
        refused = await announce(sip, announcement("rtc_2"), id="wh_2")
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        calls.over.set()
        await wait_all_tasks_blocked()
        assert sip.calls == 0
        assert (await announce(sip, announcement("rtc_2"), id="wh_2")).status == 200
        await wait_all_tasks_blocked()
        assert calls.taken == ["rtc_1", "rtc_2"]


async def test_a_webhook_about_something_else_is_acknowledged() -> None:
    async with endpoint() as (sip, calls):
        body = announcement(type="live.transport.incoming")
        assert (await announce(sip, body)).status == 200
        await wait_all_tasks_blocked()
        assert not calls.taken


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", PATH, 405), ("POST", "/else", 404), ("POST", PATH, 400)],
)
async def test_what_is_no_webhook_is_refused(
    method: str, path: str, status: int
) -> None:
    async with endpoint() as (sip, calls):
        response = await request(sip, method, path, announcement(), {})
        assert response.status == status
        await wait_all_tasks_blocked()
        assert not calls.taken


async def test_what_is_forged_or_too_long_is_refused() -> None:
    async with endpoint() as (sip, calls):
        forged = {"webhook-signature": "v1,AAAA"}
        assert (await announce(sip, announcement(), **forged)).status == 400
        assert (await announce(sip, bytes(70_000))).status == 413
        now = int(datetime.now(UTC).timestamp())
        headers = sign(announcement(), SECRET, id="wh_1", sent_at=now)
        twice = [*headers.items(), ("webhook-id", "wh_2")]
        response = await request(sip, "POST", PATH, announcement(), twice)
        assert response.status == 400
        await wait_all_tasks_blocked()
        assert not calls.taken


async def test_it_takes_nothing_before_it_is_open() -> None:
    sip = SipEndpoint(Calls(), SECRET)
    assert (await announce(sip, announcement())).status == 503


async def test_a_call_that_fails_harms_no_other_and_is_logged_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def answer(call: IncomingCall) -> None:
        if call.id == "rtc_bad":
            raise ValueError("what the caller said")
        if call.id == "rtc_lost":
            raise TransportError("gone")

    with caplog.at_level(logging.INFO, logger="voxpipe.calls"):
        async with endpoint(answer) as (sip, _):
            for call_id in ("rtc_bad", "rtc_lost", "rtc_good"):
                await announce(sip, announcement(call_id))
    lines = [record.getMessage() for record in caplog.records]
    for ending in ("call=rtc_bad end=failed", "rtc_lost end=lost", "rtc_good end=over"):
        assert any(ending in line for line in lines), lines
    assert "what the caller said" not in caplog.text


async def test_an_app_that_would_end_the_process_fails_its_own_call_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def answer(call: IncomingCall) -> None:
        if call.id == "rtc_bad":
            sys.exit("a library with a command line")

    with caplog.at_level(logging.INFO, logger="voxpipe.calls"):
        async with endpoint(answer) as (sip, _):
            for call_id in ("rtc_bad", "rtc_good"):
                await announce(sip, announcement(call_id))
    assert "call=rtc_bad end=failed" in caplog.text
    assert "call=rtc_good end=over" in caplog.text
    assert "command line" not in caplog.text


async def test_an_app_that_swallows_its_cancellation_is_named(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "GRACE", 0.01)  # a thread's time is real

    async def swallows(call: IncomingCall) -> None:
        while "swallows cancellation" not in caplog.text:
            with suppress(get_cancelled_exc_class()):
                await checkpoint()

    async with endpoint(swallows, farewell=0.01) as (sip, _):
        await announce(sip, announcement())
        await checkpoint()
    assert re.search(r"call=rtc_1 the app \S+\.swallows was cancelled", caplog.text)


async def test_calls_that_go_on_are_cut_when_their_time_is_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended = False

    async def answer(call: IncomingCall) -> None:
        nonlocal ended
        try:
            await sleep_forever()
        finally:
            ended = True

    with caplog.at_level(logging.INFO, logger="voxpipe.calls"):
        async with endpoint(answer, farewell=0.01) as (sip, _):
            await announce(sip, announcement())
            await wait_all_tasks_blocked()
    assert ended
    assert "end=cut" in caplog.text


async def test_an_error_of_the_program_is_not_held_up_by_calls() -> None:
    async def answer(call: IncomingCall) -> None:
        await sleep_forever()

    async def run() -> None:
        async with endpoint(answer, farewell=60) as (sip, _):
            await announce(sip, announcement())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run()


async def test_a_server_opens_and_closes_it_by_lifespan() -> None:
    calls = Calls()
    sip = SipEndpoint(calls, SECRET)
    told: list[str] = []
    started, stop = Event(), Event()

    async def receive() -> Message:
        if not started.is_set():
            started.set()
            return {"type": "lifespan.startup"}
        await stop.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Message) -> None:
        told.append(message["type"])

    with fail_after(5):
        async with create_task_group() as tasks:
            tasks.start_soon(sip, scope_of("lifespan", "/"), receive, send)
            await wait_all_tasks_blocked()
            assert (await announce(sip, announcement())).status == 200
            calls.over.set()
            stop.set()
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert calls.taken == ["rtc_1"]


async def test_it_can_be_mounted_beside_others() -> None:
    async with endpoint() as (sip, calls):
        app = Starlette(routes=[Mount("/voice", sip)])
        response = await announce(app, announcement(), path=f"/voice{PATH}")
        assert response.status == 200
        await wait_all_tasks_blocked()
        assert calls.taken == ["rtc_1"]


def test_a_limit_of_no_call_is_refused() -> None:
    with pytest.raises(ValueError, match="1 call or more"):
        SipEndpoint(Calls(), SECRET, limit=0)
