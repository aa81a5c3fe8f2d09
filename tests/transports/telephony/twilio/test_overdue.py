"""A carrier that plays nothing any more is known by its marks, and no other is."""

from __future__ import annotations

from random import Random

import pytest
from anyio import create_task_group, current_time, sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import Pipeline, Turn
from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.carrier.overdue import ENOUGH, GRACE, Overdue
from voxpipe.transports.telephony.twilio import TwilioCall

from ....matrix import mostly_slow
from .carrier import (
    CONNECTED,
    Agent,
    Carrier,
    Evening,
    nearly,
    reply,
    said,
    speech,
    start,
)

FRAME = reply(Turn(), 0.1, 0.1)[0]


def sent(overdue: Overdue, number: int) -> None:
    """100 ms more, on time, with a mark behind them."""
    overdue.sent(FRAME, str(number), number * 0.1)


def test_several_marks_that_do_not_return_say_since_when() -> None:
    overdue = Overdue()
    sent(overdue, 0)
    overdue.returned("0", 0.1)
    for number in range(1, 1 + ENOUGH):
        sent(overdue, number)
    due = 0.1 * (1 + ENOUGH)  # when the last of them has sounded
    assert overdue.since(due + GRACE - 0.01) is None
    assert overdue.since(due + GRACE + 0.01) == nearly(0.2)


def test_a_carrier_that_returns_no_marks_is_not_judged() -> None:
    overdue = Overdue()
    for number in range(200):
        sent(overdue, number)
    overdue.returned("another", 20.0)
    assert overdue.since(1_000.0) is None


def test_of_what_it_was_told_to_forget_nothing_is_overdue() -> None:
    overdue = Overdue()
    for number in range(10):
        sent(overdue, number)
    overdue.returned("0", 0.1)
    overdue.forget()
    assert overdue.since(1_000.0) is None


@given(st.floats(0.0, 5.0), st.integers(0, 5))
def test_it_is_given_the_time_that_marks_have_taken_before(
    late: float, more: int
) -> None:
    overdue = Overdue()
    sent(overdue, 0)
    overdue.returned("0", 0.1 + late)
    for number in range(1, 1 + ENOUGH + more):
        sent(overdue, number)
    due = 0.1 * (1 + ENOUGH)
    assert overdue.since(due + late + GRACE - 0.01) is None
    assert overdue.since(due + late + GRACE + 0.01) is not None


@given(st.integers(0, 16))
def test_twice_as_many_have_to_be_overdue_as_were_lost_in_turn(lost: int) -> None:
    overdue = Overdue()
    for number in range(lost + 1):
        sent(overdue, number)
    overdue.returned(str(lost), 0.1 * (lost + 1))
    enough = max(ENOUGH, 2 * lost)
    for number in range(lost + 1, lost + enough):
        sent(overdue, number)
    assert overdue.since(1_000.0) is None
    sent(overdue, lost + enough)
    assert overdue.since(1_000.0) == nearly(0.1 * (lost + 2))


# --- in a call


class Lossy(Carrier):
    """Loses a part of the marks that were played."""

    def __init__(self, part: float, *, latency: float, delay: float) -> None:
        super().__init__(latency=latency, delay=delay)
        self._part, self._random = part, Random(1)

    async def _echo(self, name: str) -> None:
        if self._random.random() >= self._part:
            await super()._echo(name)


@pytest.mark.parametrize("part", [0.0, 0.3])
@pytest.mark.parametrize(
    ("latency", "delay"), [(0.0, 0.0), (0.1, 0.1), (0.5, 0.5), (0.0, 1.0), (1.0, 0.0)]
)
@pytest.mark.parametrize("frame", mostly_slow([0.02, 0.25, 1.0, 5.0], (0.25).__eq__))
def test_a_line_that_is_slow_and_loses_marks_is_written_to_in_time(
    part: float, latency: float, delay: float, frame: float
) -> None:
    carrier = Lossy(part, latency=latency, delay=delay)
    turn = Turn()
    evening = Evening(Agent(said(turn, 60.0, frame)), None, carrier)
    begins = [at for at, _ in carrier.heard]
    assert len(begins) == 6_000
    assert begins[-1] - begins[0] == nearly(59.99)  # it has never run dry
    assert evening.lasted <= 60.0 + latency + delay + 1e-6
    assert turn.state == "played"


def test_a_carrier_that_returns_none_from_the_start_is_written_to_in_time() -> None:
    carrier = Carrier()
    carrier.loses = "every mark"
    evening = Evening(Agent(said(Turn(), 60.0)), None, carrier)
    assert evening.lasted == nearly(60.0)


def test_a_carrier_whose_marks_return_again_is_written_to_again() -> None:
    async def loses_some(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(5.01)
        carrier.loses = "marks that were played"
        await sleep(4.0)  # two of them are asked for by then, beside those of the reply
        assert call.sending_since == nearly(5.25)
        carrier.loses = "no mark"

    turn = Turn()
    evening = Evening(Agent(said(turn, 20.0)), loses_some)
    assert turn.state == "played"
    assert len(evening.carrier.sounded) == 20 * 8_000 + 3 * 160  # probes
    assert evening.lasted == nearly(21.57)  # it heard no word from 7.5 to 9.07
    assert evening.call.sending_since is None


def test_a_caller_who_interrupts_is_heeded_while_nothing_returns() -> None:
    first, second = Turn(), Turn()
    since: list[float | None] = []

    async def interrupt(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.01)
        carrier.loses = "marks that were played"
        await sleep(5.0)
        since.append(call.sending_since)
        first.cut()
        await sleep(0.001)
        since.append(call.sending_since)
        carrier.loses = "no mark"

    frames = [*said(first, 20.0), *said(second, 1.0)]
    evening = Evening(Agent(frames), interrupt)
    assert since == [nearly(1.25), None]
    assert first.is_cut
    assert second.state == "played"
    assert evening.at("clear") == [nearly(6.01)]


def test_a_phone_that_goes_deaf_is_hung_up_on_ten_seconds_later() -> None:
    carrier = Carrier()
    gone: list[float] = []
    ends: list[str] = []

    async def answer(call: object) -> None:
        assert isinstance(call, TwilioCall)
        agent = Agent(said(Turn(), 60.0))
        await Pipeline(agent.output >> call.speaks).run()

    async def go_deaf() -> None:
        for number in range(5_000):
            carrier.post(speech(number))  # and goes on speaking
            if number == 250:
                carrier.loses = "marks that were played"
            await sleep(0.02)

    async def conversation() -> None:
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call, create_task_group() as tasks:
            began = current_time()
            carrier.answering(tasks)
            tasks.start_soon(go_deaf)
            ends.append(await Switchboard(answer).run(call))
            gone.append(current_time() - began)
            tasks.cancel_scope.cancel()

    run_virtual(conversation)
    assert ends == ["stuck"]
    assert 15.0 < gone[0] < 16.5  # one look a second
    assert len(carrier.audio) <= (5.0 + 2.7) * 8_000  # ahead of the ear: 2.7 s
