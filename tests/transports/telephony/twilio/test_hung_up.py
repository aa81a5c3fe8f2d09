"""Callers who hang up while it rings: their places are free at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from anyio import current_time

from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.testing import Sids
from voxpipe.transports.telephony.testing.webhook import form
from voxpipe.transports.telephony.twilio.answer import TICKET
from voxpipe.transports.telephony.twilio.twilio import OVER

from ..asgi_driver import request
from ..testing.agents import parrot, speech
from .ringing import (
    CALLED,
    CALLER,
    POSTED,
    Apps,
    Run,
    called,
    endpoints,
    refused,
    ring,
    rung,
)


def test_a_hundred_callers_who_hang_up_while_it_rings_take_no_place(
    in_time: Run,
) -> None:
    async def scene() -> None:
        began = current_time()
        for _ in range(100):
            sids = Sids.new()
            await rung(app, sids)
            told = await ring(app, sids, status="completed")
            assert told.status == 200
            assert "Stream" not in told.text
        assert current_time() == began
        async with called(app) as caller:
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)

    app = endpoints(board=Switchboard(parrot, limit=1))
    in_time(scene)


@pytest.mark.parametrize("status", sorted(OVER))
def test_a_stream_of_a_call_that_is_over_is_not_answered(
    in_time: Run, status: str
) -> None:
    async def scene() -> None:
        sids = Sids.new()
        stream = await rung(app, sids)
        await ring(app, sids, status=status)
        assert app.switchboard.state == "ready"
        assert await refused(app, sids, {TICKET: stream.parameters[TICKET]}) == 1008
        assert (await ring(app, sids)).status == 403

    answer = Apps()
    app = endpoints(board=Switchboard(answer, limit=1))
    in_time(scene)
    assert answer.calls == []


def test_nobody_but_twilio_says_that_a_call_is_over(in_time: Run) -> None:
    async def scene() -> None:
        sids = Sids.new()
        await rung(app, sids)
        fields = form(sids, CALLER, CALLED, status="completed")
        response = await request(app, "POST", "/twilio/answer", fields, POSTED)
        assert response.status == 403
        assert app.switchboard.state == "full"

    app = endpoints(board=Switchboard(parrot, limit=1))
    in_time(scene)


def test_the_end_of_a_call_that_was_answered_harms_nothing(in_time: Run) -> None:
    async def scene() -> None:
        async with called(app) as caller:
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)
            sids = replace(Sids.new(), call=caller.sid)
            assert (await ring(app, sids, status="completed")).status == 200
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)

    app = endpoints()
    in_time(scene)
