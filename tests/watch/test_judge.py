"""What is wrong with a message is said in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import open_session
from voxpipe.simulator import CallTool, Line, Script, simulated
from voxpipe.watch.judge import Judge


def _told(sender: Any, **event: Any) -> list[str]:
    return Judge().wrong(sender, json.dumps(event))


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({}, "it has no type"),
        ({"type": "response.crate"}, "is it response.create?"),
        ({"type": "response.done"}, "is the service's to send"),
        ({"type": "output_audio_buffer.clear"}, "for WebRTC and SIP calls"),
        ({"type": "session.close"}, "not an event of this kind of session"),
        ({"type": "response.create", "respnse": {}}, "'respnse'"),
        (
            {"type": "session.update", "session": {"type": "realtime", "voice": "ash"}},
            "It is 'session.audio.output.voice' since the beta API.",
        ),
        ({"type": "session.update", "session": {}}, "session.type"),
        ({"type": "session.update", "session": {"type": "chat"}}, "session.type"),
        (
            {"type": "conversation.item.create", "item": {"type": "message"}},
            "item.role",
        ),
        ({"type": "response.create", "response": {"speed": 2}}, "response.speed"),
        ({"type": "input_audio_buffer.append", "audio": "?"}, "base64"),
        ({"type": "input_audio_buffer.append"}, "audio"),
    ],
)
def test_a_client_is_told_what_it_does_wrong(event: Any, words: str) -> None:
    (told,) = _told("client", **event)
    assert words in told


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"type": "response.audio.delta"}, "it is response.output_audio.delta now"),
        ({"type": "response.output_audio.delta", "delta": "AA=="}, "response_id"),
        ({"type": "conversation.item.truncated"}, "what it is about"),
        (
            {"type": "error", "error": {"message": "No sk-abcdef1234567 here."}},
            "the service says: No (removed) here.",
        ),
    ],
)
def test_a_service_is_told_on(event: Any, words: str) -> None:
    assert words in " ".join(_told("server", **event))


def test_what_is_no_event_is_said_to_be_none() -> None:
    assert "JSON" in Judge().wrong("client", "[1]")[0]
    assert "JSON" in Judge().wrong("server", "hello")[0]
    assert "binary (3 bytes)" in Judge().wrong("client", b"abc")[0]


async def _talk(judge: Judge, sent: list[dict[str, Any]]) -> list[str]:
    said = list[str]()
    script = Script(replies=[Line(say="Hello.", calls=[CallTool(name="add")])])
    async with open_session(connect=simulated(script)) as session:
        for each in sent:
            await session.connection.send(json.dumps(each))
        while not said or "response.done" not in said[-1]:
            said.append(await session.connection.receive())
    return said


def test_what_the_simulator_takes_and_says_is_right() -> None:
    tool = {"type": "function", "name": "add", "parameters": {"type": "object"}}
    text = [{"type": "input_text", "text": "One and one?"}]
    item = {"type": "message", "role": "user", "content": text}
    sent: list[dict[str, Any]] = [
        {"type": "session.update", "session": {"type": "realtime", "tools": [tool]}},
        {"type": "input_audio_buffer.append", "audio": "AAA="},
        {"type": "conversation.item.create", "item": item},
        {"type": "response.create", "response": {"instructions": "Be brief."}},
    ]
    judge = Judge()
    said = run_virtual(_talk, judge, sent)
    assert not [
        wrong for each in sent for wrong in judge.wrong("client", json.dumps(each))
    ]
    assert not [wrong for each in said for wrong in judge.wrong("server", each)]
    assert len(said) > 12
