"""Frames that are not sound: frozen values that do not tell what people said."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from voxpipe import pipeline
from voxpipe.pipeline import (
    Dtmf,
    Fault,
    Frame,
    Image,
    Interruption,
    ReplyEnd,
    ReplyStart,
    SpeechStarted,
    SpeechStopped,
    Text,
    ToolCall,
    ToolResult,
    ToolUpdate,
    Transcript,
    Turn,
    Usage,
)

SECRET = "my PIN is 4711"
DOT = Image.of_array(np.zeros((1, 1), np.uint8)).data
VALUES: list[Frame] = [
    ReplyStart(of_turn=Turn()),
    ReplyEnd(turn=None),
    SpeechStarted(at=1.0),
    SpeechStopped(at=2.0),
    Text(text=SECRET),
    Transcript(speaker="user", text=SECRET, played=SECRET),
    Image(data=DOT + SECRET.encode()),
    Dtmf(digit="7"),
    ToolCall(call_id="call_1", name="pay", arguments=SECRET),
    ToolResult(call_id="call_1", output=SECRET),
    ToolUpdate(call_id="call_1", kind="progress", text=SECRET),
    Interruption(cut=Turn()),
    Usage(kind="reply"),
    Fault(source="phone", message="expected audio, got an empty message"),
]
KINDS = [type(value).__name__ for value in VALUES]


def test_every_kind_of_frame_is_looked_at_here() -> None:
    everything: dict[str, Any] = dict(vars(pipeline))
    kinds = {
        name
        for name, kind in everything.items()
        if isinstance(kind, type) and issubclass(kind, Frame)
    }
    assert kinds - {"Frame", "AudioFrame"} == set(KINDS)


@pytest.mark.parametrize("value", VALUES, ids=KINDS)
def test_a_frame_is_a_frozen_value(value: Any) -> None:
    field = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, None)
    with pytest.raises((AttributeError, TypeError)):
        value.note = "metadata"
    assert value == dataclasses.replace(value) == copy.copy(value)


@pytest.mark.parametrize("value", VALUES, ids=KINDS)
def test_a_frame_takes_keywords_only(value: Any) -> None:
    with pytest.raises(TypeError):
        type(value)("x")


@pytest.mark.parametrize("value", VALUES, ids=KINDS)
def test_what_people_said_is_in_no_repr(value: Frame) -> None:
    assert SECRET not in repr(value)
    assert "4711" not in repr(value)
    assert len(repr(value)) < 200


@pytest.mark.parametrize("value", VALUES, ids=KINDS)
def test_a_frame_of_no_turn_can_be_pickled(value: Frame) -> None:
    if not isinstance(value, Interruption | ReplyStart):
        assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301  # our own


@pytest.mark.parametrize("value", VALUES, ids=KINDS)
def test_only_sound_has_a_duration(value: Frame) -> None:
    assert value.duration == 0.0


def test_an_interruption_arrives_although_its_reply_was_cut() -> None:
    turn = Turn()
    turn.cut()
    assert Interruption(cut=turn).turn is None


@pytest.mark.parametrize("digit", ["", "4711", "d", "E", " ", "١", 5, None])
def test_a_key_is_one_that_a_telephone_has(digit: Any) -> None:
    with pytest.raises(ValueError, match="one key of 0-9") as caught:
        Dtmf(digit=digit)
    assert "4711" not in str(caught.value)


@pytest.mark.parametrize("digit", "0123456789*#ABCD")
def test_each_key_of_a_telephone_is_taken(digit: str) -> None:
    assert Dtmf(digit=digit).digit == digit


def test_frames_of_a_reply_say_so() -> None:
    turn = Turn()
    assert ReplyEnd(turn=turn).turn is turn
    assert Text(text="a", turn=turn).turn is turn
    assert SpeechStarted(at=0.0).turn is None
