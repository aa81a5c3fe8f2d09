"""Every fault at every event of a whole conversation: it ends as it should, or goes on.

The conversation has a question, a tool, an answer, an interruption and a goodbye. What
`test_faults` shows of some events on both loops is here shown of all, on either.
"""

from __future__ import annotations

import json

import pytest
from anyio import fail_after, sleep

from voxpipe.pipeline import SessionLost
from voxpipe.processors.realtime import (
    Connect,
    Realtime,
    Reconnect,
    Service,
    open_session,
)
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script
from voxpipe.simulator.cassettes import recording
from voxpipe.simulator.protocol.event_names import SERVER_EVENTS
from voxpipe.simulator.script.faults import (
    Close,
    ConnectionFault,
    Duplicate,
    Malformed,
    Reorder,
    Stall,
)

from .call import QUICK, Call, simulated
from .loops import BACKENDS, run_virtually

LONG = "It is sunny there, as it always is, and it will stay so for the whole week."
SCRIPT = Script(
    replies=[
        Line(heard="Weather?", calls=[CallTool(name="weather")]),
        Line(say=LONG),
        Line(heard="Stop!", say="All right."),
    ],
    timing=QUICK,
)


@tool
async def weather() -> str:
    """Tell the weather."""
    return "sunny"


async def plot(conversation: Call) -> None:
    await conversation.speak(0.5)
    await sleep(2.0)
    await conversation.speak(0.5)  # into the answer
    await sleep(2.0)
    conversation.phone.hang_up()


async def hold(connect: Connect, reconnect: Reconnect | None = None) -> Call:
    router = ToolRouter([weather])
    with fail_after(300):  # virtual; the call itself takes six seconds
        async with open_session(
            service=Service(api_key="sk-test"),
            connect=connect,
            reconnect=reconnect,
            tools=router.schemas,
        ) as session:
            phone_call = Call(Realtime(session), router)
            await phone_call.hold(plot)
    return phone_call


def held_with(fault: ConnectionFault) -> Call:
    """The conversation with a service that has this fault, on one loop or the other."""
    connect = simulated(SCRIPT.model_copy(update={"faults": (fault,)}))
    backend = BACKENDS[len(fault.at) % 2]  # half of the events each
    return run_virtually(backend, lambda: hold(connect))


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The types of all events of the conversation, both ways, in order."""
    path = tmp_path_factory.mktemp("recorded") / "call.jsonl"
    run_virtually("trio", lambda: hold(recording(path, simulated(SCRIPT))))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = dict.fromkeys(each["event"]["type"] for each in lines if "event" in each)
    assert len(found) > 20
    assert "conversation.item.truncate" in found
    return [*found, "input_audio_buffer.append"]


EVERY = pytest.mark.parametrize(
    "every", [4, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"]
)  # how many events further the next fault is


@EVERY
def test_a_connection_closed_at_any_event_is_a_lost_session(
    events: list[str], every: int
) -> None:
    for event in events[::every]:
        with pytest.raises(SessionLost) as lost:
            held_with(Close(at=event, code=1011))
        assert lost.value.code == 1011, event


@EVERY
def test_a_service_that_falls_silent_at_any_event_keeps_nobody(
    events: list[str], every: int
) -> None:
    for event in events[events.index("session.updated") + 1 :: every]:
        held_with(Stall(at=event))  # which ends: the caller hangs up


@EVERY
def test_a_pause_at_any_event_is_only_a_pause(events: list[str], every: int) -> None:
    for event in events[::every]:
        held_with(Stall(at=event, seconds=1.0))


@EVERY
@pytest.mark.parametrize(
    "fault", [Duplicate, Reorder, Malformed], ids=lambda each: str(each.__name__)
)
def test_no_event_is_so_wrong_that_the_call_ends(
    fault: type[Duplicate | Reorder | Malformed], events: list[str], every: int
) -> None:
    of_service = [each for each in events if each in SERVER_EVENTS]
    for event in of_service[of_service.index("session.updated") + 1 :: every]:
        told = held_with(fault(at=event)).faults
        assert told or fault is Reorder, event  # nothing is dropped in silence
