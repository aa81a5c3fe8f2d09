"""Changing a session while it runs: what holds until the service has answered."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import SessionLost, TransportError, VoxpipeError
from voxpipe.processors.realtime import (
    ConfigurationError,
    SemanticVad,
    ServerVad,
    Settings,
    Update,
    UpdateRefused,
)
from voxpipe.processors.realtime.config import Changes, Tracing
from voxpipe.processors.realtime.config.effective import effective
from voxpipe.processors.realtime.protocol.updates import ANSWER_TIMEOUT, MAX_UPDATES

from ..bench import COMMIT, CREATE, DELETE, Bench

UPDATE = "session.update"
CLEAR = "input_audio_buffer.clear"


def updates(bench: Bench, **changes: Any) -> Update:
    """The program changes something."""
    return bench.conversation.update(cast("Changes", changes), bench.now)


def in_force(bench: Bench) -> Settings:
    """What the session is held to."""
    return bench.conversation.settings


def agrees(bench: Bench, **session: Any) -> None:
    """The service has changed the session, and tells what is in force."""
    bench.says("session.updated", session=session)


# --- what holds, and from when


async def test_a_change_holds_once_the_service_has_answered() -> None:
    bench = Bench()
    update = updates(bench, instructions="Be kind.", output="text")
    assert in_force(bench).output == "audio"
    (sent,) = bench.sent(UPDATE)
    assert sent["session"] == {
        "type": "realtime",
        "instructions": "Be kind.",
        "output_modalities": ["text"],
    }
    agrees(bench)
    assert in_force(bench).output == "text"
    assert in_force(bench).instructions == "Be kind."
    await update.accepted()


async def test_a_refusal_is_reported_and_the_old_settings_stay() -> None:
    bench = Bench()
    refused, taken = updates(bench, output="text"), updates(bench, speed=1.2)
    first, second = bench.sent(UPDATE)
    assert first["event_id"] != second["event_id"]
    error = {"code": "unknown_parameter", "param": "session.x"}
    bench.says("error", error={**error, "event_id": first["event_id"]})
    agrees(bench)
    await taken.accepted()
    with pytest.raises(UpdateRefused, match=r"unknown_parameter \(session.x\)"):
        await refused.accepted()
    assert (in_force(bench).output, in_force(bench).speed) == ("audio", 1.2)
    assert bench.faults == ["the service refused: unknown_parameter"]


async def test_whoever_waits_is_told_when_the_session_ends() -> None:
    bench = Bench()
    before = updates(bench, speed=1.2)
    bench.conversation.end("the connection broke")
    for update in (before, updates(bench, speed=1.3)):
        with pytest.raises(SessionLost, match="the connection broke"):
            await update.accepted()
    assert len(bench.sent(UPDATE)) == 1


def test_a_change_is_checked_against_those_that_are_on_their_way() -> None:
    bench = Bench()
    updates(bench, tracing=Tracing(workflow="calls"))
    with pytest.raises(ConfigurationError, match="tracing is fixed"):
        updates(bench, tracing=Tracing(workflow="others"))


def test_what_is_refused_here_is_not_sent() -> None:
    bench = Bench()
    with pytest.raises(ConfigurationError):
        updates(bench, speed=9)
    with pytest.raises(ConfigurationError, match=r"cannot express, at x: "):
        updates(bench, extra={"x": float("nan")})
    assert bench.sent() == []


def test_a_program_that_updates_in_a_loop_is_stopped() -> None:
    bench = Bench()
    for _ in range(MAX_UPDATES):
        updates(bench, instructions="again")
    with pytest.raises(VoxpipeError, match=f"{MAX_UPDATES} updates wait"):
        updates(bench, instructions="again")


def test_the_voice_is_fixed_by_the_first_audio_of_the_conversation() -> None:
    bench = Bench()
    aside = bench.asks(conversation="none")
    bench.created("resp_0", of=aside)
    bench.sound("resp_0", "item_0", 0.1)
    updates(bench, voice="ash")
    bench.created("resp_1")
    bench.sound("resp_1", "item_1", 0.1)
    with pytest.raises(ConfigurationError, match="once the model has spoken"):
        updates(bench, voice="cedar")


def test_the_voice_of_a_call_that_the_service_carries_is_fixed_by_its_words() -> None:
    bench = Bench()
    bench.created("resp_1")
    bench.item("resp_1", "item_1")
    where = {"response_id": "resp_1", "item_id": "item_1", "content_index": 0}
    bench.says("response.output_text.delta", **where, delta="Hm")
    updates(bench, voice="ash")
    bench.words("resp_1", "item_1", "Good evening.")
    with pytest.raises(ConfigurationError, match="once the model has spoken"):
        updates(bench, voice="cedar")


def test_the_speed_waits_for_the_end_of_a_reply() -> None:
    bench = Bench()
    bench.asks()
    with pytest.raises(ConfigurationError, match="speed"):
        updates(bench, speed=1.2)
    bench.created("resp_1", of=None)
    with pytest.raises(ConfigurationError, match="speed"):
        updates(bench, speed=1.2)


# --- what the service tells, by whomever it was asked


def test_what_the_service_tells_is_what_holds() -> None:
    bench = Bench()
    hears = {"turn_detection": None, "transcription": None}
    agrees(bench, audio={"input": hears}, output_modalities=["text"])
    assert in_force(bench).turn_detection == "manual"
    assert in_force(bench).transcription is None
    assert in_force(bench).output == "text"
    for vad in (ServerVad(silence_ms=900, idle_ms=6_000), SemanticVad(replies=False)):
        agrees(bench, audio={"input": {"turn_detection": vad.to_wire()}})
        assert in_force(bench).turn_detection == vad


def test_what_it_tells_of_what_was_asked_changes_nothing() -> None:
    settings: list[dict[str, Any]] = [
        {"turn_detection": "server"},
        {"turn_detection": "semantic"},
    ]
    settings += [{"turn_detection": "local"}, {"turn_detection": "manual"}]
    for options in settings:
        bench = Bench(**options)
        before = in_force(bench)
        agrees(bench, **before.to_wire())
        assert in_force(bench) is before


@pytest.mark.parametrize(
    "told",
    [
        {"audio": 1},
        {"audio": {"input": {"turn_detection": 3}}},
        {"audio": {"input": {"turn_detection": {"type": "new_vad"}}}},
        {
            "audio": {
                "input": {"turn_detection": {"type": "server_vad", "threshold": []}}
            }
        },
        {
            "audio": {
                "input": {"turn_detection": {"type": "semantic_vad", "eagerness": {}}}
            }
        },
        {"output_modalities": ["text", "audio"]},
    ],
)
def test_what_cannot_be_understood_changes_nothing(told: Any) -> None:
    bench = Bench()
    before = in_force(bench)
    agrees(bench, **told)
    assert in_force(bench) is before


def test_a_reply_that_was_begun_in_speech_is_taken_back_as_such() -> None:
    bench = Bench()
    bench.created("resp_1")
    updates(bench, output="text")
    agrees(bench)
    bench.item("resp_1", "item_1")
    bench.conversation.interrupt(bench.now)
    deleted = [order["item_id"] for order in bench.sent(DELETE)]
    assert deleted == ["item_1"]  # nobody has heard of it


# --- the owner of turns


def test_a_turn_that_was_open_has_no_owner_any_more() -> None:
    bench = Bench()
    bench.started()
    bench.hears(0.5)
    bench.asks()
    assert bench.sent(CREATE) == []  # the caller has the floor
    updates(bench, turn_detection="manual")
    agrees(bench)
    bench.waits(0)
    assert len(bench.sent(CREATE)) == 1
    bench.conversation.end_turn(bench.now)
    assert len(bench.sent(COMMIT)) == 1


def test_back_to_local_turns_what_nobody_committed_is_thrown_away() -> None:
    bench = Bench(turn_detection="local")
    updates(bench, turn_detection="server")
    agrees(bench)
    bench.hears(0.5)
    bench.sent()
    assert len(bench.audio) == 25
    updates(bench, turn_detection="local")
    agrees(bench)
    assert len(bench.sent(CLEAR)) == 1
    bench.hears(0.5, start=0.5)
    bench.sent()
    assert len(bench.audio) == 25  # kept until something marks speech
    bench.starts(at=0.9)
    bench.sent()
    assert 25 < len(bench.audio) < 50


# --- any order of updates, answers and refusals

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("update"), st.sampled_from([0.5, 0.75, 1.0, 1.25, 1.5])),
        st.tuples(st.just("agree"), st.none()),
        st.tuples(st.just("refuse"), st.integers(0, 3)),
    ),
    max_size=30,
)


@given(STEPS)
def test_every_update_has_one_answer_and_the_accepted_ones_hold(
    steps: list[tuple[str, Any]],
) -> None:
    bench = Bench(speed=1.1)
    waiting: list[tuple[Update, float]] = []
    answered: list[Update] = []
    expected = 1.1
    for step, value in steps:
        if step == "update":
            waiting.append((updates(bench, speed=value), value))
        elif step == "agree":
            agrees(bench)
            if waiting:
                update, expected = waiting.pop(0)
                answered.append(update)
        elif value < len(waiting):
            update, _ = waiting.pop(value)
            bench.refuses("invalid_value", update.id)
            answered.append(update)
        assert in_force(bench).speed == expected
        assert all(update.is_answered for update in answered)
        assert not any(update.is_answered for update, _ in waiting)
    bench.conversation.end("over")
    assert all(update.is_answered for update, _ in waiting)


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=3)
)
VAD = st.fixed_dictionaries(
    {"type": st.sampled_from(["server_vad", "semantic_vad"]) | ANYTHING},
    optional={
        name: ANYTHING | st.lists(ANYTHING, max_size=2)
        for name in (
            "threshold",
            "prefix_padding_ms",
            "silence_duration_ms",
            "idle_timeout_ms",
            "eagerness",
            "create_response",
            "interrupt_response",
        )
    },
)
HEARS = st.fixed_dictionaries(
    {"turn_detection": VAD | ANYTHING}, optional={"transcription": ANYTHING}
)
TOLD = st.fixed_dictionaries(
    {"audio": st.fixed_dictionaries({"input": HEARS | ANYTHING}) | ANYTHING},
    optional={"output_modalities": st.lists(ANYTHING, max_size=2) | ANYTHING},
)


@given(TOLD)
def test_whatever_the_service_tells_there_are_settings(told: dict[str, Any]) -> None:
    after = effective(Settings(), told)
    assert after.output in ("audio", "text")
    json.dumps(after.to_wire(), allow_nan=False)


# --- answers that do not come


async def test_an_update_that_nobody_answers_is_given_up() -> None:
    bench = Bench()
    update = updates(bench, instructions="Be kind.")
    assert bench.conversation.due == ANSWER_TIMEOUT
    bench.waits(ANSWER_TIMEOUT)
    with pytest.raises(TransportError, match="none within 10 s"):
        await update.accepted()
    assert in_force(bench).instructions is None
    assert bench.faults == [
        "expected the service's word on an update, got none within 10 s"
    ]
    agrees(bench)  # of whatever else


async def test_an_answer_that_shows_a_later_update_is_that_of_the_lost_one_too() -> (
    None
):
    bench = Bench()
    first = updates(bench, instructions="Be kind.")
    second = updates(bench, instructions="Be brief.", speed=1.2)
    asked = bench.sent(UPDATE)[-1]["session"]
    agrees(bench, **asked | {"id": "sess_1"})
    await first.accepted()
    await second.accepted()
    assert in_force(bench).instructions == "Be brief."
    assert bench.conversation.due is None
