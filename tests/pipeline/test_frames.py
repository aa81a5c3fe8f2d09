"""The other frames are frozen values whose reprs keep what people said."""

from __future__ import annotations

import pickle
from copy import copy, deepcopy
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest

import voxpipe.pipeline.frames as module
from voxpipe.pipeline import (
    AudioFrame,
    Dtmf,
    Fault,
    Frame,
    Image,
    Interruption,
    ReplyEnd,
    SpeechStarted,
    SpeechStopped,
    Text,
    ToolCall,
    ToolResult,
    Transcript,
    Turn,
    Usage,
)

SECRET = "4711 is my PIN"
FRAMES: list[Any] = [
    Dtmf(digit="7"),
    Fault(source="phone", message="expected audio, got an empty message"),
    Image(data=SECRET.encode(), media_type="image/png"),
    Interruption(cut=Turn("r1")),
    ReplyEnd(turn=None),
    SpeechStarted(at=1.5),
    SpeechStopped(at=2.5),
    Text(text=SECRET),
    ToolCall(call_id="c1", name="lookup", arguments=SECRET),
    ToolResult(call_id="c1", output=SECRET),
    Transcript(speaker="agent", text=SECRET, heard=SECRET),
    Usage(kind="reply", tokens={"audio_out": 3}),
]
each_kind = pytest.mark.parametrize("frame", FRAMES, ids=lambda f: type(f).__name__)


def test_no_kind_of_frame_is_left_out_here() -> None:
    kinds = {
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Frame)
    }
    assert kinds == {type(frame) for frame in FRAMES} | {Frame, AudioFrame}


@each_kind
def test_a_frame_never_changes(frame: Any) -> None:
    for field in fields(frame):
        with pytest.raises(FrozenInstanceError):
            setattr(frame, field.name, None)
    assert not hasattr(frame, "__dict__")


@each_kind
def test_a_frame_keeps_what_people_said_out_of_its_repr(frame: Any) -> None:
    text = repr(frame)
    assert text.startswith(type(frame).__name__)
    assert "4711" not in text
    assert len(text) < 120


def test_a_key_may_be_part_of_a_pin() -> None:
    assert repr(Dtmf(digit="7")) == "Dtmf()"


@each_kind
def test_a_frame_can_be_copied_compared_and_remade(frame: Any) -> None:
    assert copy(frame) == replace(frame) == frame
    assert frame != Frame()
    if not isinstance(frame, Interruption):  # a copied turn is another turn
        assert deepcopy(frame) == frame
        assert pickle.loads(pickle.dumps(frame)) == frame  # noqa: S301  # our own


@each_kind
def test_only_audio_takes_time(frame: Any) -> None:
    assert frame.duration == 0.0


def test_what_belongs_to_a_reply_says_so_and_the_rest_always_arrives() -> None:
    turn = Turn()
    assert Text(text="", turn=turn).turn is ReplyEnd(turn=turn).turn is turn
    belonging = (Text, ReplyEnd)
    assert all(f.turn is None for f in FRAMES if not isinstance(f, belonging))
    cut = Turn()
    cut.cut()
    assert Interruption(cut=cut).turn is None  # or it would arrive nowhere
