"""A call as its pipeline sees it, against a carrier that plays by its own clock."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from anyio import CancelScope, create_task_group, current_time, sleep

from voxpipe.pipeline import (
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Processor,
    Turn,
    Usage,
)
from voxpipe.pipeline.testing import Source, run_virtual
from voxpipe.transports.telephony.twilio import TwilioCall

from .carrier import (
    CALL,
    CONNECTED,
    FORMAT,
    STOP,
    Carrier,
    Evening,
    digit,
    message,
    nearly,
    said,
    silent,
    speech,
    start,
)

# --- what the caller says and presses


def test_what_the_caller_says_arrives_as_the_text_that_it_came_as() -> None:
    payloads = [b64encode(bytes([n]) * 160).decode() for n in range(50)]

    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        for n in range(50):
            carrier.post(speech(n))
            await sleep(0.02)

    evening = Evening(silent(1.5), talk)
    frames = evening.heard.frames
    assert [frame.base64 for frame in frames] == payloads
    assert [frame.start for frame in frames] == nearly([n * 0.02 for n in range(50)])
    assert all(frame.format == FORMAT for frame in frames)
    assert all(frame.turn is None for frame in frames)
    assert evening.reports == []


def test_keys_arrive_as_they_are_pressed() -> None:
    async def press(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(*map(digit, "0123456789*#ABCD"))

    evening = Evening(silent(1.0), press)
    assert "".join(each.digit for each in evening.pressed.frames) == "0123456789*#ABCD"


def test_a_gap_is_told_once_and_nothing_is_invented_for_it() -> None:
    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(0), speech(1), speech(2, timestamp="45"))
        carrier.post(speech(20), speech(21), speech(22))

    evening = Evening(silent(1.0), talk)
    assert len(evening.heard.frames) == 6
    assert evening.heard.frames[-1].start == nearly(0.1)
    assert evening.reports == ["340 ms of what the caller said are missing"]


def test_a_frame_that_is_late_or_without_a_time_is_no_gap() -> None:
    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(5), speech(4), speech(7), speech(8, timestamp="soon"))
        carrier.post(speech(9), speech(9), speech(11))

    evening = Evening(silent(1.0), talk)
    assert len(evening.heard.frames) == 7
    assert evening.reports == []


def test_who_calls_is_known_before_anything_runs() -> None:
    call = Evening(silent(0.1)).call
    assert (call.id, call.caller, call.called) == (CALL, "", "")
    assert call.parameters == {"table": "4", "Name": "Zoë"}
    assert call.format == FORMAT
    assert call.heard.format == call.speaks.format == call.played.format == FORMAT


RUBBISH = [
    (start(), "expected what happens in a call, got the start of another"),
    (CONNECTED, "expected what happens in a call, got the start of another"),
    (speech(1).replace("MZ5", "MZ6"), "expected a message of this stream, got one"),
    (STOP.replace("MZ5", "MZ6"), "expected a message of this stream, got one"),
    (digit("1").replace("MZ5", "MZ6"), "expected a message of this stream, got one"),
    (speech(1, track=None), "expected media.track to be inbound, got another"),
    (speech(1, payload="€€€€"), "expected base64"),
    (speech(1, payload="AAA"), "expected base64"),
    (speech(1, payload=""), "expected audio, got an empty message"),
    ("[" * 60_000, "expected one JSON object"),
    (b"\xff" * 9, "expected one JSON object"),
    ("x" * 70_000, "expected a message of at most 65536 characters, got 70000"),
]


@pytest.mark.parametrize(("rubbish", "complaint"), RUBBISH)
def test_rubbish_is_counted_and_reported_and_the_call_goes_on(
    rubbish: str | bytes, complaint: str
) -> None:
    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(0), rubbish, speech(1), rubbish, speech(2))

    evening = Evening(silent(1.0), talk)
    assert evening.heard.data == b"".join(bytes([n]) * 160 for n in range(3))
    assert [report[: len(complaint)] for report in evening.reports] == [complaint] * 2
    assert evening.call.fault_count == 2
    assert evening.call.ended == "agent"


def test_what_we_do_not_know_or_said_ourselves_is_no_fault() -> None:
    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(0, track="outbound"), message("weather"), message("x"))
        carrier.post(message("mark", mark={"name": "never sent"}))

    evening = Evening(silent(1.0), talk)
    assert evening.heard.frames == []
    assert evening.reports == []
    assert evening.call.unknown == 2


# --- what it costs


class Model(Processor):
    """Ends some time after it has heard the caller's end, with a last word and bill."""

    hears = Input[AudioFrame]()
    says = Output[Any]()
    usage = Output[Usage]()

    def __init__(self, costs: list[float | None]) -> None:
        self.costs = costs

    async def run(self) -> None:
        for cost in self.costs[:-1]:
            await self.usage.send(Usage(kind="reply", cost_usd=cost))
        async for _ in self.hears:
            pass
        for frame in said(Turn("nobody is there"), 2.0):
            await self.says.send(frame)
        await sleep(1.0)
        await self.usage.send(Usage(kind="reply", cost_usd=self.costs[-1]))


def cost_of(costs: list[float | None]) -> float | None:
    async def conversation() -> float | None:
        carrier, model = Carrier(), Model(costs)
        carrier.post(CONNECTED, start(), speech(0))
        async with (
            TwilioCall.accept(carrier) as call,
            create_task_group() as tasks,
        ):
            tasks.start_soon(leave, carrier)
            await Pipeline(
                call.heard >> model.hears,
                model.says >> call.speaks,
                model.usage >> call.charges,
            ).run()
            assert call.ended == "caller"
        return call.cost_usd

    async def leave(carrier: Carrier) -> None:
        await sleep(3.0)
        carrier.post(STOP)

    return run_virtual(conversation)


def test_all_charges_are_added_up_also_the_one_after_the_caller_has_gone() -> None:
    assert cost_of([0.01, 0.02, 0.04]) == pytest.approx(0.07)
    assert cost_of([0.0005] * 200) == pytest.approx(0.1)


def test_a_sum_is_not_known_when_one_of_its_parts_is_not() -> None:
    assert cost_of([0.01, None, 0.04]) is None
    assert cost_of([0.01, 0.04, None]) is None


def test_a_call_that_was_charged_nothing_has_no_cost() -> None:
    assert Evening(silent(0.1)).call.cost_usd is None


# --- accepting


def test_an_error_of_the_app_closes_the_connection_and_comes_out_bare() -> None:
    carrier = Carrier()

    async def answer() -> None:
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier):
            raise LookupError

    with pytest.raises(LookupError):
        run_virtual(answer)
    assert carrier.closed == [1000]


async def test_a_connection_is_closed_also_when_all_is_cancelled() -> None:
    carrier = Carrier()
    carrier.post(CONNECTED, start())
    with CancelScope() as scope:
        async with TwilioCall.accept(carrier):
            scope.cancel()
            await sleep(60)
    assert carrier.closed == [1000]


def test_a_connection_that_does_not_close_is_left_after_a_second() -> None:
    class Clinging(Carrier):
        async def close(self, code: int = 1000, reason: str = "") -> None:
            await sleep(60)

    async def answer() -> float:
        carrier = Clinging()
        carrier.post(CONNECTED, start())
        began = current_time()
        async with TwilioCall.accept(carrier):
            pass
        return current_time() - began

    assert run_virtual(answer) == nearly(1.0)


def test_a_pipeline_that_reads_nothing_of_the_call_can_still_speak() -> None:
    async def announce() -> TwilioCall:
        carrier = Carrier()
        carrier.post(CONNECTED, start(), *(speech(n) for n in range(500)))
        async with TwilioCall.accept(carrier) as call:
            await Pipeline(Source(said(Turn(), 1.0)).output >> call.speaks).run()
        return call

    call = run_virtual(announce)
    assert (call.ended, call.replies, call.fault_count) == ("agent", 1, 0)
