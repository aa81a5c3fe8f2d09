"""A whole call with our client, recorded once: its replay is the same call again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from anyio import sleep

from voxpipe.pipeline import AudioFormat
from voxpipe.processors.realtime import Connect, Realtime, Service, open_session
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.processors.vad import Vad
from voxpipe.simulator import CallTool, Line, Script, When
from voxpipe.simulator.cassettes import CassetteMismatch, recording, replay

from .call import QUICK, ULAW, Call, simulated
from .loops import BACKENDS, Backend, run_virtually

T = TypeVar("T")
LONG = "It is sunny there, as it always is, and it will stay so for the whole week."
SCRIPT = Script(
    replies=[
        Line(heard="Weather?", calls=[CallTool(name="weather")]),
        Line(say=LONG),
        Line(heard="Stop!", say="All right."),
    ],
    when=[When(instructions="One word", say="Weather.")],
    timing=QUICK,
)
_chosen: list[Backend] = []


@pytest.fixture(params=BACKENDS, autouse=True)
def _backend(request: pytest.FixtureRequest) -> None:
    _chosen[:] = [request.param]


def run_virtual(conversation: Callable[[], Awaitable[T]]) -> T:
    """In virtual time, on the backend under test."""
    return run_virtually(_chosen[0], conversation)


@tool
async def weather() -> str:
    """Tell the weather."""
    await sleep(0.3)
    return "sunny"


async def asks_and_interrupts(conversation: Call) -> None:
    await sleep(0.3)
    await conversation.speak(1.0)
    await sleep(3.0)
    await conversation.speak(0.6)  # into the answer
    await sleep(3.0)
    aside = conversation.model.ask("One word: what was it about?", conversation="none")
    assert (await aside.outcome()).text == "Weather."
    conversation.phone.hang_up()


def hold(connect: Connect, **settings: Any) -> Call:
    """One call over ``connect``."""

    async def conversation() -> Call:
        router = ToolRouter([weather])
        vad = Vad() if settings.get("turn_detection") == "local" else None
        async with open_session(
            service=Service(api_key="sk-test"),
            connect=connect,
            tools=router.schemas,
            **settings,
        ) as session:
            phone_call = Call(Realtime(session), router, vad=vad)
            await phone_call.hold(asks_and_interrupts)
        return phone_call

    return run_virtual(conversation)


@pytest.mark.parametrize("turn_detection", ["server", "semantic", "local"])
@pytest.mark.parametrize("audio", [PCM_24K, ULAW], ids=["pcm", "ulaw"])
def test_a_replayed_call_is_the_call_that_was_recorded(
    turn_detection: str, audio: AudioFormat, tmp_path: Path
) -> None:
    path = tmp_path / "call.jsonl"
    settings: dict[str, Any] = {"turn_detection": turn_detection, "audio": audio}
    recorded = hold(recording(path, simulated(SCRIPT)), **settings)
    played = hold(replay(path), **settings)
    assert played.said == recorded.said
    assert len(played.interruptions) == len(recorded.interruptions) == 1
    assert played.played == pytest.approx(recorded.played, abs=0.1)
    assert [each.cost_usd for each in played.usage] == [
        each.cost_usd for each in recorded.usage
    ]
    assert played.faults == recorded.faults == []


def test_a_tool_that_answers_otherwise_ends_the_replay_and_says_where(
    tmp_path: Path,
) -> None:
    path = tmp_path / "call.jsonl"
    hold(recording(path, simulated(SCRIPT)))
    text = path.read_text()
    path.write_text(text.replace('"output":"sunny"', '"output":"rainy"', 1))
    with pytest.raises(CassetteMismatch, match='output was "rainy", now it is "sunny"'):
        hold(replay(path))


def test_other_instructions_are_noticed_before_the_call_begins(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    hold(recording(path, simulated(SCRIPT)))
    with pytest.raises(CassetteMismatch, match=r"session\.instructions is new"):
        hold(replay(path), instructions="Be brief.")
