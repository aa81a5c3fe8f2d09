"""A simulated model where a program asks for the service: what it opens for whom."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from voxpipe.processors.realtime import Connect
from voxpipe.simulator import (
    Line,
    MemoryConnection,
    Script,
    ScriptError,
    Simulator,
    Timing,
    connect_in_memory,
    simulated,
)

from .bench import Json, hum

AT_ONCE = Timing(first_audio_ms=0, first_text_ms=0, transcription_ms=0, speed=1000)


@dataclass(frozen=True)
class Address:
    """As a client makes one: nobody is there."""

    url: str = "wss://nobody.invalid/v1/realtime?model=gpt-realtime-2.1"


async def first(opened: AbstractAsyncContextManager[MemoryConnection]) -> Json:
    """The session as it is told when it is opened."""
    async with opened as connection:
        session: Json = json.loads(await connection.receive())["session"]
        return session


async def transcript(connection: MemoryConnection) -> str:
    """The words of the next thing that is said."""
    while True:
        event: dict[str, Any] = json.loads(await connection.receive())
        if event["type"] == "response.output_audio_transcript.done":
            return str(event["transcript"])


async def ask(connection: MemoryConnection, content: Json) -> str:
    item = {"type": "message", "role": "user", "content": [content]}
    for event in (
        {"type": "conversation.item.create", "item": item},
        {"type": "response.create"},
    ):
        await connection.send(json.dumps(event))
    return await transcript(connection)


async def test_the_script_is_followed_in_each_session_from_the_beginning() -> None:
    connect = simulated(Script(replies=[Line(say="Good evening.")], timing=AT_ONCE))
    for _ in range(2):
        async with connect(Address()) as connection:
            await connection.send('{"type": "response.create"}')
            assert await transcript(connection) == "Good evening."


async def test_without_a_script_it_says_back_what_was_typed() -> None:
    async with simulated()(Address()) as connection:
        typed = {"type": "input_text", "text": "Two and two"}
        assert await ask(connection, typed) == "Two and two"


async def test_without_a_script_it_says_how_long_it_heard_somebody() -> None:
    audio = b64encode(hum(1500)).decode()
    async with simulated()(Address()) as connection:
        spoken = {"type": "input_audio", "audio": audio}
        assert await ask(connection, spoken) == "I heard 1.5 seconds of speech."


@pytest.mark.parametrize(
    ("url", "kind", "model"),
    [
        ("wss://a.invalid/v1/realtime?model=gpt-realtime", "realtime", "gpt-realtime"),
        ("wss://a.invalid/v1/realtime", "realtime", "gpt-realtime-2.1"),
        ("wss://a.invalid/openai/v1/realtime?model=mine", "realtime", "mine"),
        ("ws://[::1]:8/v1/realtime?intent=transcription", "transcription", None),
        (
            "wss://a.invalid/v1/realtime/translations?model=gpt-realtime-translate",
            "translation",
            "gpt-realtime-translate",
        ),
    ],
)
async def test_the_session_is_of_the_kind_and_model_that_was_asked_for(
    url: str, kind: str, model: str | None
) -> None:
    session = await first(simulated()(Address(url)))
    assert session["type"] == kind
    assert session.get("model") == model


async def test_a_seed_makes_all_ids_the_same() -> None:
    connect = simulated(seed=1)
    ids = [(await first(connect(Address())))["id"] for _ in range(2)]
    again = simulated(seed=1)
    assert ids == [(await first(again(Address())))["id"] for _ in range(2)]
    assert ids[0] != ids[1]  # those of another session are others
    assert ids[0] != (await first(simulated()(Address())))["id"]


async def test_the_session_lasts_as_long_as_it_may() -> None:
    session = await first(simulated(lifetime=60)(Address()))
    longer = await first(simulated()(Address()))
    assert 3530 <= longer["expires_at"] - session["expires_at"] <= 3550


async def test_another_voice_speaks() -> None:
    said: list[str] = []

    class Parrot:
        def speak(self, text: str, voice: str, speed: float) -> bytes:
            said.append(text)
            return b"\0\0" * 240

    script = Script(replies=[Line(say="Polly.")], timing=AT_ONCE)
    async with simulated(script, Parrot())(Address()) as connection:
        await connection.send('{"type": "response.create"}')
        await transcript(connection)
    assert said == ["Polly."]


def test_it_asks_for_no_key_and_is_what_a_session_takes() -> None:
    connect = simulated()
    assert connect.needs_key is False
    taken: Connect = connect  # both type checkers look at this line
    assert callable(taken)


@pytest.mark.parametrize("opened", [simulated, Simulator, connect_in_memory])
def test_the_path_of_a_script_is_refused_with_what_reads_it(opened: Any) -> None:
    with pytest.raises(ScriptError, match=r"not str: load_script\(path\) reads one f"):
        opened("ada.yaml")
