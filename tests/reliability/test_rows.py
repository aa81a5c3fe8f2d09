"""Each row notices when its promise is broken."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import pytest

from voxpipe.pipeline import AudioFrame, Frame, ToolCall, ToolResult, watchdog
from voxpipe.pipeline.fused import Node
from voxpipe.pipeline.queue import Queue
from voxpipe.processors.audio import Gain
from voxpipe.processors.realtime.connect.close import Timeouts
from voxpipe.processors.realtime.connect.connection import websocket
from voxpipe.processors.realtime.connect.reconnect import Limiter
from voxpipe.processors.realtime.protocol.kept_audio import KeptAudio
from voxpipe.processors.realtime.protocol.own_items import OwnItems
from voxpipe.transports.lobby import Lobby
from voxpipe.transports.serving import server

from ..pipeline.graphs.properties import names_what_fails
from ..pipeline.graphs.test_graphs import (
    do_nothing,
    swallow_errors,
    take_whatever_is_there,
)
from ..processors.realtime.cuts import plans
from ..processors.realtime.loops import BACKENDS, Backend
from ..transports.telephony.test_thousand_calls import ENDS
from . import deaf, naming, reconnecting, strangers
from .calls_in_turn import calls_in_turn
from .graphs import holds_of
from .half_open import half_open
from .hygiene import hygiene
from .interrupts import stale
from .tool_calls import unanswered

TRIO: Backend = "trio"


@pytest.fixture
def anyio_backend() -> str:
    """The only one that our server runs on."""
    return "asyncio"


def test_stale_frames_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stale(20, 1).kept
    monkeypatch.setattr(Queue, "take_nowait", take_whatever_is_there)
    assert not stale(20, 1).kept


def test_a_graph_that_hides_errors_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert holds_of(10, names_what_fails).kept
    monkeypatch.setattr(Node, "push", swallow_errors)
    figure = holds_of(40, names_what_fails)
    assert not figure.kept
    assert "in the graph 'names_what_fails 200" in figure.said


@pytest.mark.slow  # seven seconds, which are real
def test_a_silence_that_lasts_longer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    function: Any = vars(websocket)["__wrapped__"]
    patient = (Timeouts(quiet=4.5), *function.__defaults__[1:])
    monkeypatch.setattr(function, "__defaults__", patient)
    assert not half_open().kept


def test_a_box_that_changes_the_edges_of_frames_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fade_in(box: Gain, frame: AudioFrame) -> tuple[AudioFrame]:
        return (frame.with_data(bytes(2) + frame.data[2:]) if frame.data else frame,)

    assert hygiene(20).kept
    monkeypatch.setattr(Gain, "feed", fade_in)
    assert not hygiene(20).kept


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_is_not_named_is_told(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = naming.a_box_that_swallows
    monkeypatch.setattr(watchdog, "GRACE", 0.01)
    assert naming.named_after(case, backend) is not None
    monkeypatch.setattr(naming, "GIVES_UP", 0.2)
    monkeypatch.setattr(watchdog.Watchdog, "_complain", do_nothing)
    assert naming.named_after(case, backend) is None


def test_a_call_without_a_result_is_told_and_one_with_two() -> None:
    call = ToolCall(call_id="call_1", name="f", arguments="{}")
    results: list[Frame] = [ToolResult(call_id="call_1", output="{}")]
    assert unanswered([call], results) == 0
    assert unanswered([call], []) == 1
    assert unanswered([call], results * 2) == 1


def test_a_phone_that_nobody_notices_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaf, "GIVES_UP", 1.0)
    figure = deaf.deaf()
    assert not figure.kept
    assert figure.said.startswith("not in 1 s")


async def test_rings_that_are_not_answered_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strangers, "BETWEEN", 0.0)
    assert await strangers.answered_beside(0) == strangers.RINGS
    monkeypatch.setattr(server, "Lobby", partial(Lobby, 0))
    assert await strangers.answered_beside(0) == 0


def test_what_a_call_leaves_behind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[Any] = []

    async def leaves() -> str:
        await anyio.lowlevel.checkpoint()
        left.append([object() for _ in range(100)])
        return ""

    for end in list(ENDS):
        monkeypatch.delitem(ENDS, end)
    monkeypatch.setitem(ENDS, leaves, "")
    assert not calls_in_turn(5, 5).kept


def test_audio_that_is_lost_with_its_session_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases: reconnecting.Cases = {"": (plans("the caller speaks", "reset"), TRIO)}
    assert reconnecting.counted(cases).kept
    monkeypatch.setattr(KeptAudio, "append", do_nothing)
    figure = reconnecting.counted(cases)
    assert not figure.kept
    assert ", 0 samples lost" not in figure.said


def test_a_result_that_is_lost_with_its_session_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases: reconnecting.Cases = {"": (plans("a result is sent", "ended"), TRIO)}
    assert reconnecting.counted(cases).kept
    monkeypatch.setattr(OwnItems, "add", do_nothing)
    assert not reconnecting.counted(cases).kept


@pytest.mark.slow
def test_words_that_are_lost_with_their_session_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert reconnecting.anywhere(8).kept
    monkeypatch.setattr(OwnItems, "add", do_nothing)
    assert not reconnecting.anywhere(8).kept


def test_a_storm_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(limiter: Limiter, wanted: float) -> float:
        return wanted

    assert reconnecting.storm(60).kept
    monkeypatch.setattr(Limiter, "place", at_once)
    assert not reconnecting.storm(60).kept
