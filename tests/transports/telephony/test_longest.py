"""Some carriers end every call after a time: it is known beforehand, and told apart."""

from __future__ import annotations

import logging

import pytest
from anyio import sleep

from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.testing import Probe
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.exotel import ExotelCall
from voxpipe.transports.telephony.twilio import TwilioCall

from .calling import Run, Told, called


async def listens(call: Call) -> None:
    await Pipeline(call.heard >> Probe().input).run()


@pytest.mark.parametrize(
    ("seconds", "end", "warnings"),
    [(20, "caller", 0), (50, "caller", 1), (90, "limit", 1)],
)
def test_a_call_that_its_carrier_ends_is_warned_of_and_says_so(
    in_time: Run,
    told: Told,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    end: str,
    warnings: int,
) -> None:
    monkeypatch.setattr(TwilioCall, "longest", 90.0)

    async def scene() -> None:
        async with called(Switchboard(listens)):
            await sleep(seconds)

    in_time(scene)
    assert [line[0] for line in told()] == [end]
    found = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len(found) == warnings
    assert all(
        "ends it after 1.5 minutes, in 60 s" in str(x.msg % x.args) for x in found
    )


def test_exotel_ends_calls_after_an_hour() -> None:
    assert ExotelCall.longest == 3_600
    assert TwilioCall.longest > 86_400
