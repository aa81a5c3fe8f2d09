"""The stream: who has no ticket, or is not Twilio, never comes to the app."""

from __future__ import annotations

import json

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.asgi import MAX_MESSAGE
from voxpipe.transports.telephony.testing import Caller, Leg, Sids
from voxpipe.transports.telephony.testing.twilio_words import CONNECTED, TwilioWords
from voxpipe.transports.telephony.twilio import TwilioEndpoints
from voxpipe.transports.telephony.twilio.answer import TICKET

from ..asgi_driver import (
    AfterEnd,
    Upgrade,
    upgraded,
)
from ..testing.agents import parrot, speech
from .ringing import (
    Apps,
    Run,
    called,
    endpoints,
    refused,
    rung,
    signed,
    unchecked,
    upgrading,
)


@pytest.mark.parametrize("denials", [True, False])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        signed("https://calls.example.com/twilio"),  # of a GET, not of an upgrade
        signed("wss://evil.example/twilio"),
        signed("wss://calls.example.com/twilio") | {"Origin": "https://evil.example"},
        signed("wss://calls.example.com/twilio") | {"Origin": "null"},
    ],
    ids=["none", "wrong", "https", "elsewhere", "origin", "null"],
)
def test_a_stream_that_twilio_has_not_signed_or_a_page_opens_is_not_accepted(
    in_time: Run, headers: dict[str, str], denials: bool
) -> None:
    async def scene() -> None:
        async with upgraded(app, headers=headers, denials=denials) as upgrade:
            assert not await upgrade.opened()
        assert upgrade.response.status == 403
        assert upgrade.response.text.startswith("expected ") is denials

    answer = Apps()
    app = endpoints(answer)
    in_time(scene)
    assert answer.calls == []


def test_a_page_of_an_allowed_origin_may_open_a_stream(in_time: Run) -> None:
    async def scene() -> None:
        named = {"Origin": "https://example.com"}
        async with upgraded(app, headers=named) as upgrade:
            assert await upgrade.opened()

    app = TwilioEndpoints(
        Switchboard(parrot), insecure=True, origins=["https://example.com"]
    )
    in_time(scene)


def test_a_stream_elsewhere_is_not_found(in_time: Run) -> None:
    async def scene() -> None:
        async with upgraded(app, "/twilio/answer") as upgrade:
            assert not await upgrade.opened()
        assert upgrade.response.status == 404

    app = unchecked(parrot)
    in_time(scene)


def test_a_stream_without_the_ticket_of_its_call_is_closed(in_time: Run) -> None:
    async def scene() -> None:
        mine, other = Sids.new(), Sids.new()
        ticket = (await rung(app, mine)).parameters[TICKET]
        foreign = (await rung(app, other)).parameters[TICKET]
        for wrong in ({}, {TICKET: ""}, {TICKET: "wrong"}, {TICKET: foreign}):
            assert await refused(app, mine, wrong) == 1008
        assert await refused(app, Sids.new(), {TICKET: ticket}) == 1008
        assert answer.calls == []
        async with upgrading(app, ticket) as upgrade:
            leg = Leg(current_time(), parameters={TICKET: ticket}, sids=mine)
            async with Caller(leg, upgrade) as caller:
                await caller.say(speech(1))
                await caller.listen()
                assert await refused(app, mine, {TICKET: ticket}) == 1008
        assert len(answer.calls) == 1
        await sleep(30)
        assert await refused(app, other, {TICKET: foreign}) == 1008

    answer = Apps()
    app = endpoints(answer)
    in_time(scene)
    assert len(answer.calls) == 1


def test_the_signature_of_one_stream_opens_no_other(in_time: Run) -> None:
    async def scene() -> None:
        mine, other = Sids.new(), Sids.new()
        ticket = (await rung(app, mine)).parameters[TICKET]
        foreign = (await rung(app, other)).parameters[TICKET]
        for overheard in (foreign, ""):  # what was signed before, or long ago
            async with upgrading(app, overheard) as upgrade:
                leg = Leg(current_time(), parameters={TICKET: ticket}, sids=mine)
                async with Caller(leg, upgrade) as caller:
                    await caller.wait_closed()
                assert caller.close_code == 1008
        # Which costs the caller nothing: their ticket is still good.
        async with upgrading(app, ticket) as upgrade:
            leg = Leg(current_time(), parameters={TICKET: ticket}, sids=mine)
            async with Caller(leg, upgrade) as caller:
                await caller.say(speech(1))
                await caller.listen()

    answer = Apps()
    app = endpoints(answer)
    in_time(scene)
    assert len(answer.calls) == 1


def test_a_stream_that_says_nothing_is_closed_after_5_s(in_time: Run) -> None:
    async def scene() -> None:
        await rung(app, Sids.new())
        for messages in ([], [CONNECTED]):
            async with upgrading(app) as upgrade:
                assert await upgrade.opened()
                for message in messages:
                    await upgrade.send(message)
                await sleep(4.9)
                assert upgrade.close_code is None
                await sleep(0.2)
                assert upgrade.close_code == 1002

    answer = Apps()
    app = endpoints(answer)
    in_time(scene)
    assert answer.calls == []


@pytest.mark.parametrize(
    "message",
    [
        "secret",
        '{"event":"media","media":{"payload":"secret"}}',
        json.dumps({"event": "start", "start": {"callSid": "secret"}}),
        "[" * 60_000,
    ],
)
def test_a_stream_that_does_not_begin_as_twilios_is_closed(
    in_time: Run, message: str
) -> None:
    async def scene() -> None:
        await rung(app, Sids.new())
        async with upgrading(app) as upgrade:
            await upgrade.opened()
            await upgrade.send(message)
            await sleep(0.1)
            assert upgrade.close_code == 1002

    answer = Apps()
    app = endpoints(answer)
    in_time(scene)
    assert answer.calls == []


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_message_that_is_too_long_ends_the_call_and_no_other(
    in_time: Run, when: str
) -> None:
    async def scene() -> None:
        async with called(app) as other:
            sids = Sids.new()
            stream = await rung(app, sids)
            async with upgrading(app, stream.parameters[TICKET]) as upgrade:
                await upgrade.opened()
                if when == "during":
                    await upgrade.send(CONNECTED)
                    await upgrade.send(TwilioWords(sids).opening(stream.parameters)[1])
                await upgrade.send("x" * (MAX_MESSAGE + 1))
                await sleep(0.1)
                assert upgrade.close_code == 1009
            await other.say(speech(1))
            assert (await other.listen()).duration == pytest.approx(1.0)

    app = endpoints()
    in_time(scene)


def test_streams_that_say_nothing_are_few(in_time: Run) -> None:
    async def scene() -> None:
        async with create_task_group() as tasks:
            for _ in range(1_000):
                tasks.start_soon(hold)
        assert sum(each.close_code is None for each in upgrades) == 1_000
        statuses = [each.response.status for each in upgrades]
        assert (statuses.count(0), statuses.count(503)) == (26, 974)
        async with upgraded(app) as upgrade:  # and now there is room again
            assert await upgrade.opened()

    async def hold() -> None:
        async with upgraded(app) as upgrade:
            upgrades.append(upgrade)
            await upgrade.opened()
            await sleep(1)

    upgrades = list[Upgrade]()
    answer = Apps()
    app = unchecked(answer, limit=10)
    in_time(scene)
    assert answer.calls == []


def test_a_client_that_goes_away_at_once_leaves_nothing(in_time: Run) -> None:
    async def scene() -> None:
        async with no_leaks():
            servers: list[AfterEnd] = ["raises", "silent"]
            for after_end in servers:
                async with upgraded(app, after_end=after_end) as upgrade:
                    await upgrade.abort()
                async with upgraded(app) as upgrade:
                    await upgrade.opened()
                    await upgrade.abort()

    app = unchecked(parrot)
    in_time(scene)
