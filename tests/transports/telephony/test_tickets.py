"""Tickets: who was told to open a stream is who opens it, once and at once."""

from __future__ import annotations

import pytest
from anyio import sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.tickets import MAX_REMEMBERED, Replayed, Tickets

from ...processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)

virtual = pytest.mark.parametrize("backend", BACKENDS)
CALL, OTHER = "CA" + "1" * 32, "CA" + "2" * 32


def given_out(tickets: Tickets, call: str = CALL) -> str:
    tickets.see(call)
    return tickets.mint(call, caller="+15550100", called="+15550199")


async def test_a_ticket_is_redeemed_once_and_tells_who_calls() -> None:
    tickets = Tickets()
    token = given_out(tickets)
    assert len(tickets) == 1
    assert CALL in tickets
    ticket = tickets.redeem(token, CALL)
    assert ticket is not None
    assert (ticket.call_id, ticket.caller, ticket.called) == (
        CALL,
        "+15550100",
        "+15550199",
    )
    assert tickets.redeem(token, CALL) is None
    assert len(tickets) == 0


async def test_a_ticket_is_not_redeemed_by_another_call_or_another_text() -> None:
    tickets = Tickets()
    token, other = given_out(tickets), given_out(tickets, OTHER)
    for wrong in (other, "", token[:-1], token + "A", token.swapcase(), "é", token * 9):
        assert tickets.redeem(wrong, CALL) is None
    assert tickets.redeem(token, "CA") is None
    assert tickets.redeem(token, CALL) is not None  # wrong tries did it no harm


@virtual
def test_a_ticket_is_good_up_to_the_end_of_its_life(backend: Backend) -> None:
    async def scene() -> None:
        tickets = Tickets(life=30)
        early, late = given_out(tickets), given_out(tickets, OTHER)
        await sleep(29.99)
        assert tickets.redeem(early, CALL) is not None
        await sleep(0.01)
        assert len(tickets) == 0
        assert tickets.redeem(late, OTHER) is None

    run_virtually(backend, scene)


@virtual
def test_a_late_ticket_is_refused_although_nobody_has_counted(backend: Backend) -> None:
    async def scene() -> None:
        tickets = Tickets(life=30)
        token = given_out(tickets)
        await sleep(30)
        assert tickets.redeem(token, CALL) is None

    run_virtually(backend, scene)


async def test_a_webhook_that_asks_again_gets_a_new_ticket_for_the_old() -> None:
    tickets = Tickets()
    old, new = given_out(tickets), given_out(tickets)
    assert len(tickets) == 1
    assert tickets.redeem(old, CALL) is None
    assert tickets.redeem(new, CALL) is not None


@virtual
def test_a_call_is_not_answered_again_later(backend: Backend) -> None:
    async def scene() -> None:
        tickets = Tickets(life=30)
        tickets.see(CALL)  # and was refused, say
        await sleep(29)
        tickets.see(CALL)
        await sleep(1)
        with pytest.raises(Replayed):
            tickets.see(CALL)
        await sleep(86_400)
        with pytest.raises(Replayed):
            tickets.see(CALL)

    run_virtually(backend, scene)


async def test_a_call_is_not_answered_again_when_its_stream_has_come() -> None:
    tickets = Tickets()
    tickets.redeem(given_out(tickets), CALL)
    with pytest.raises(Replayed):
        tickets.see(CALL)
    tickets.see(OTHER)


async def test_a_call_that_is_over_has_no_ticket_and_is_not_answered_again() -> None:
    tickets = Tickets()
    token = given_out(tickets)
    tickets.cancel(CALL)
    tickets.cancel(OTHER)  # its end was told before its beginning
    assert len(tickets) == 0
    assert tickets.redeem(token, CALL) is None
    for call in (CALL, OTHER):
        with pytest.raises(Replayed):
            tickets.see(call)


async def test_what_is_remembered_has_a_bound() -> None:
    tickets, last = Tickets(), f"CA{MAX_REMEMBERED}"
    for number in range(MAX_REMEMBERED + 1):
        given_out(tickets, f"CA{number}")
    assert len(tickets) == MAX_REMEMBERED
    assert tickets.redeem(tickets.mint(last), last) is not None
    with pytest.raises(Replayed):
        tickets.see(last)
    tickets.see("CA0")  # forgotten, and no harm: its ticket is void
    for number in range(MAX_REMEMBERED + 1):
        tickets.cancel(f"CB{number}")
    tickets.see("CB0")


@given(st.sets(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_as_many_are_redeemed_as_were_given_out(
    given_to: set[int], asked: list[int]
) -> None:
    async def scene() -> None:
        tickets = Tickets()
        tokens = {number: given_out(tickets, f"CA{number}") for number in given_to}
        redeemed = [
            number
            for number in asked
            if tickets.redeem(tokens.get(number, "none"), f"CA{number}") is not None
        ]
        assert sorted(redeemed) == sorted(given_to & set(asked))
        assert len(tickets) == len(given_to) - len(redeemed)

    run_virtually("trio", scene)


@pytest.mark.parametrize("life", [0, -1, 60.1, float("nan")])
def test_a_ticket_lives_a_minute_at_most(life: float) -> None:
    with pytest.raises(ValueError, match="up to 60 s"):
        Tickets(life=life)


async def test_no_representation_tells_a_ticket_or_a_number() -> None:
    tickets = Tickets()
    token = given_out(tickets)
    ticket = tickets.redeem(token, CALL)
    for text in (repr(ticket), str(ticket), repr(tickets)):
        assert token not in text
        assert "+1555" not in text
