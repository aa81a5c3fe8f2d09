"""Our client meets every fault of the simulator: lost, reported, or simply going on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from anyio import move_on_after, sleep

from voxpipe.pipeline import SessionLost
from voxpipe.simulator import Line, Script
from voxpipe.simulator.script.faults import (
    Close,
    Duplicate,
    Expired,
    HalfOpen,
    Malformed,
    RateLimited,
    Reorder,
    ScriptFault,
    Slow,
    Stall,
)

from .call import QUICK, Call, call
from .loops import BACKENDS, Backend, run_virtually

T = TypeVar("T")
WORDS = "This is a rather long answer that goes on for some seconds, as it should."
_chosen: list[Backend] = []


@pytest.fixture(params=BACKENDS, autouse=True)
def _backend(request: pytest.FixtureRequest) -> None:
    _chosen[:] = [request.param]


def run_virtual(conversation: Callable[[], Awaitable[T]]) -> T:
    """In virtual time, on the backend under test."""
    return run_virtually(_chosen[0], conversation)


def faulty(*faults: ScriptFault, **fields: Any) -> Script:
    lines = [Line(say=WORDS), Line(say="Again.")]
    return Script(replies=lines, timing=QUICK, faults=faults, **fields)


async def two_replies(conversation: Call) -> None:
    for _ in range(2):
        reply = conversation.model.ask()
        await reply.outcome()
        await reply.turn.over()  # it has been heard
    conversation.phone.hang_up()


def held(script: Script) -> Call:
    """A call in which two replies are asked for, up to its end."""

    async def conversation() -> Call:
        async with call(script) as phone_call:
            await phone_call.hold(two_replies)
        return phone_call

    return run_virtual(conversation)


def agent_said(conversation: Call) -> list[str]:
    return [words for speaker, words in conversation.said if speaker == "agent"]


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Close(at="response.output_audio.delta", after=3), 1011, ""),
        (Close(at="response.create", code=4000, reason="gone"), 4000, "gone"),
        (Close(at="input_audio_buffer.append", code=1000, after=20), 1000, ""),
        (Expired(at="response.done"), 1001, "maximum duration"),
    ],
    ids=lambda value: value.at if isinstance(value, Close | Expired) else "",
)
def test_a_connection_that_closes_is_a_lost_session_with_code_and_reason(
    fault: ScriptFault, code: int, words: str
) -> None:
    async def conversation() -> None:
        async with call(faulty(fault), reconnect=None) as phone_call:
            reply = phone_call.model.ask()
            with pytest.raises(SessionLost, match=f"closed with {code}") as lost:
                await phone_call.pipeline.run(deadline=60)
        assert lost.value.code == code
        assert words in lost.value.reason
        assert (await reply.outcome()).status in ("failed", "completed")

    run_virtual(conversation)


def test_a_service_that_closes_before_the_session_is_ready_is_lost() -> None:
    async def conversation() -> None:
        with pytest.raises(SessionLost, match=r"waiting for session\.updated.*1013"):
            async with call(faulty(Close(at="session.updated", code=1013))):
                pass

    run_virtual(conversation)


def test_a_malformed_event_is_reported_and_the_call_goes_on() -> None:
    fault = Malformed(at="response.output_audio_transcript.delta", times=2)
    conversation = held(faulty(fault))
    assert len(conversation.faults) == 2
    assert all("expected a JSON event" in each for each in conversation.faults)
    assert agent_said(conversation)[-1] == "Again."


def test_an_event_of_the_wrong_shape_is_reported_without_its_words() -> None:
    text = '{"type": "response.output_audio.delta", "delta": 5, "note": "a secret"}'
    fault = Malformed(at="response.output_audio.delta", text=text)
    conversation = held(faulty(fault))
    assert len(conversation.faults) == 1
    assert "secret" not in conversation.faults[0]


@pytest.mark.parametrize(
    "event",
    ["response.output_audio.delta", "response.created", "response.done"],
)
def test_an_event_that_comes_twice_counts_once(event: str) -> None:
    fine, twice = held(faulty()), held(faulty(Duplicate(at=event)))
    assert twice.faults == ["an event came twice"]
    assert agent_said(twice) == agent_said(fine)
    assert twice.played == pytest.approx(fine.played, abs=0.02)


@pytest.mark.parametrize(
    "event",
    [
        "response.created",
        "response.output_item.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.done",
        "response.output_item.done",
        "response.done",
    ],
)
def test_events_out_of_order_do_not_end_the_call(event: str) -> None:
    conversation = held(faulty(Reorder(at=event)))
    assert agent_said(conversation)[-1] == "Again."


def test_a_slow_service_is_waited_for() -> None:
    conversation = held(faulty(Slow(at="response.created", seconds=0.2)))
    assert agent_said(conversation) == [WORDS, "Again."]
    assert conversation.faults == []


def test_a_service_that_hangs_for_a_while_goes_on_where_it_was() -> None:
    fault = Stall(at="response.output_audio.delta", after=2, seconds=5)
    conversation = held(faulty(fault))
    assert agent_said(conversation) == [WORDS, "Again."]


def test_a_reply_that_is_never_taken_up_fails_and_is_reported() -> None:
    async def conversation() -> Call:
        async with call(faulty(Stall(at="response.created"))) as phone_call:

            async def plot(conversation: Call) -> None:
                outcome = await conversation.model.ask().outcome()
                assert outcome.status == "failed"
                conversation.phone.hang_up()

            await phone_call.hold(plot)
        return phone_call

    phone_call = run_virtual(conversation)
    assert "a reply was asked for, and the service did not take it up" in (
        phone_call.faults
    )


def test_a_caller_who_hangs_up_on_a_mute_service_is_not_kept() -> None:
    async def plot(conversation: Call) -> None:
        await conversation.speak(1.0)
        await sleep(1.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        fault = Stall(at="input_audio_buffer.speech_stopped")
        async with call(faulty(fault)) as phone_call:
            await phone_call.hold(plot)

    run_virtual(conversation)


def test_the_program_can_leave_a_half_open_connection() -> None:
    # In memory nothing tells that nobody is there; over a socket the missing pong does.
    async def conversation() -> bool:
        fault = HalfOpen(at="response.created")
        async with call(faulty(fault)) as phone_call:
            phone_call.model.ask()
            with move_on_after(30) as patience:
                await phone_call.pipeline.run()
        return patience.cancelled_caught

    assert run_virtual(conversation)


def test_a_reply_without_tokens_left_fails_and_the_next_goes_well() -> None:
    outcomes: list[tuple[str, str | None]] = []

    async def plot(conversation: Call) -> None:
        for _ in range(3):
            reply = conversation.model.ask()
            outcome = await reply.outcome()
            outcomes.append((outcome.status, outcome.reason))
            await reply.turn.over()
        conversation.phone.hang_up()

    async def conversation() -> Call:
        async with call(faulty(RateLimited(after=1))) as phone_call:
            await phone_call.hold(plot)
        return phone_call

    phone_call = run_virtual(conversation)
    assert [status for status, _ in outcomes] == ["completed", "failed", "completed"]
    assert outcomes[1][1] == "rate_limit_exceeded"
    assert agent_said(phone_call) == [WORDS, "Again."]
