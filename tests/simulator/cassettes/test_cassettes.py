"""Recording a session and replaying it: what comes back, and what is written down."""

from __future__ import annotations

import json
import stat
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import websocket
from voxpipe.processors.realtime.connect import Address
from voxpipe.simulator import (
    MemoryConnection,
    ToneVoice,
    connect_in_memory,
    simulated,
)
from voxpipe.simulator.cassettes import CassetteError, recording, replay
from voxpipe.simulator.cassettes.recorder import Recording, TextConnection
from voxpipe.simulator.script.faults import Close

from .deck import SCRIPT, Json, ask, play, record, send, talk

KEY = "sk-proj-abcdefgh12345678"
ADDRESS = Address("wss://nobody.invalid/v1/realtime", SecretStr(KEY))


def test_a_replay_gives_what_was_recorded_and_as_much_sound(tmp_path: Path) -> None:
    path = tmp_path / "calls" / "talk.jsonl"  # the folder is made
    recorded = record(path, talk)
    played = play(path, talk)
    assert [each["type"] for each in played] == [each["type"] for each in recorded]
    for one, other in zip(recorded, played, strict=True):
        if one["type"] == "response.output_audio.delta":
            assert len(one["delta"]) == len(other["delta"])
            assert set(other["delta"]) <= set("A=")  # silence
        else:
            assert one == other
    assert not list(path.parent.glob("*.part"))


def test_a_replay_takes_as_long_as_the_session_did(tmp_path: Path) -> None:
    async def timed(connection: TextConnection) -> float:
        start = anyio.current_time()
        await talk(connection)
        return anyio.current_time() - start

    path = tmp_path / "talk.jsonl"
    took = record(path, timed)
    assert took > 1.2
    assert play(path, timed) == pytest.approx(took, abs=0.01)


def test_neither_keys_nor_sound_are_written_down(tmp_path: Path) -> None:
    picture = "data:image/png;base64," + b64encode(b"\x89PNG" * 500).decode()
    session = {
        "type": "realtime",
        "instructions": f"Never tell {KEY} or Bearer {KEY[3:]}.",
        "tools": [
            {
                "type": "mcp",
                "server_label": "mail",
                "authorization": "hunter2-hunter2",
                "headers": {"X-Auth": "swordfish"},
            },
            {
                "type": "mcp",
                "server_label": "shop",
                "server_url": "https://ada:tr0ub4dor@shop.example:8443/mcp/s/Zm9vYmFy9"
                "/sse?key=c0rrecthorse&mode=batterystaple#st4ple",
            },
            {
                "type": "function",
                "name": "log_in",
                "parameters": {
                    "type": "object",
                    "properties": {"password": {"type": "string"}},
                },
            },
        ],
    }

    async def plot(connection: TextConnection) -> None:
        await send(connection, "session.update", session=session)
        await send(connection, "input_audio_buffer.append", audio="QUJD" * 400)
        part = {"type": "input_image", "image_url": picture}
        item = {"type": "message", "role": "user", "content": [part]}
        await send(connection, "conversation.item.create", item=item)
        await connection.send(f"no JSON, but {KEY}")
        words = {
            "type": "input_text",
            "text": "See https://a.example/x?sig=c0rrecth0rse.",
        }
        item = {"type": "message", "role": "user", "content": [words]}
        await send(connection, "conversation.item.create", item=item)
        await ask(connection)

    path = tmp_path / "new" / "calls" / "talk.jsonl"
    record(path, plot)
    for made in (path.parent, path.parent.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
    text = path.read_text()
    for secret in (KEY, "hunter2", "swordfish", KEY[3:], "QUJDQUJD", "iVBORw"):
        assert secret not in text
    for secret in ("c0rrecth", "batterystaple", "tr0ub4dor", "st4ple", "Zm9vYmFy9"):
        assert secret not in text
    where = "https://shop.example:8443/mcp/s/(removed)/sse?key=(removed)&mode=(removed)"
    assert where in text
    assert '"password":{"type":"string"}' in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert picture[60:90] not in text
    assert '"audio_bytes":1200' in text
    assert max(map(len, text.splitlines())) < 4000


def test_what_was_removed_of_a_url_may_be_another_when_it_is_played(
    tmp_path: Path,
) -> None:
    def plot(key: str) -> Callable[[TextConnection], Any]:
        server = {
            "type": "mcp",
            "server_label": "a",
            "server_url": f"https://a.b/{key}",
        }
        session = {"type": "realtime", "tools": [server]}

        async def update(connection: TextConnection) -> None:
            await send(connection, "session.update", session=session)
            await ask(connection)

        return update

    path = tmp_path / "talk.jsonl"
    record(path, plot("f1rst"))
    play(path, plot("s3cond"))


def test_sound_stays_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    recorded = record(path, talk, keep="all")
    played = play(path, talk)
    assert played == recorded


def test_a_hum_can_be_heard_where_speech_was(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    recorded = record(path, talk)
    played = play(path, talk, sound="tone")
    kind = "response.output_audio.delta"
    deltas = [each["delta"] for each in played if each["type"] == kind]
    lengths = [len(each["delta"]) for each in recorded if each["type"] == kind]
    assert [len(delta) for delta in deltas] == lengths
    assert all(len(set(delta)) > 20 for delta in deltas)


@pytest.mark.parametrize("law", ["audio/pcmu", "audio/pcma"])
@pytest.mark.parametrize("sound", ["silence", "tone"])
def test_telephone_sound_is_as_long_as_it_was(
    law: str, sound: str, tmp_path: Path
) -> None:
    async def plot(connection: TextConnection) -> list[Json]:
        audio = {"output": {"format": {"type": law}}}
        session = {"type": "realtime", "audio": audio}
        await send(connection, "session.update", session=session)
        return await ask(connection)

    path = tmp_path / "talk.jsonl"
    recorded, played = record(path, plot), play(path, plot, sound=sound)
    assert [len(str(each)) for each in played] == [len(str(each)) for each in recorded]


# --- ends


def test_the_end_by_the_service_is_replayed_with_code_and_reason(
    tmp_path: Path,
) -> None:
    fault = Close(at="response.done", code=4001, reason="enough")
    script = SCRIPT.model_copy(update={"faults": [fault]})

    async def plot(connection: TextConnection) -> None:
        with pytest.raises(SessionLost) as lost:
            await ask(connection)
        assert (lost.value.code, lost.value.reason) == (4001, "enough")
        with pytest.raises(SessionLost):
            await send(connection, "response.create")

    path = tmp_path / "talk.jsonl"
    record(path, plot, script)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n")  # it was sent into the void
    play(path, plot)


def test_a_session_that_the_program_breaks_off_is_not_kept(tmp_path: Path) -> None:
    async def plot(connection: TextConnection) -> None:
        await connection.receive()
        raise ZeroDivisionError

    path = tmp_path / "talk.jsonl"
    with pytest.raises(ZeroDivisionError):
        record(path, plot)
    assert not list(tmp_path.iterdir())


def test_each_session_of_a_program_has_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"

    async def twice(connect: Callable[[object], Any]) -> list[str]:
        seen: list[str] = []
        for _ in range(2):
            async with connect("here") as connection:
                seen.append(await connection.receive())
        return seen

    def connect(address: object) -> MemoryConnection:
        return connect_in_memory(SCRIPT, ToneVoice())

    recorded = run_virtual(twice, recording(path, connect))
    assert {each.name for each in tmp_path.iterdir()} == {"talk.jsonl", "talk.2.jsonl"}
    played = run_virtual(twice, replay(path))
    assert [json.loads(each) for each in played] == list(map(json.loads, recorded))


def test_a_replay_needs_no_key_and_a_recording_what_it_connects_to(
    tmp_path: Path,
) -> None:
    path = tmp_path / "talk.jsonl"
    assert replay(path).needs_key is False
    assert recording(path, simulated(SCRIPT)).needs_key is False
    assert recording(path, websocket).needs_key is True


def test_a_cassette_that_is_too_long_is_refused_not_grown(tmp_path: Path) -> None:
    connect = Recording(
        tmp_path / "talk.jsonl", simulated(SCRIPT), "words", max_size=3000
    )

    async def session() -> None:
        async with connect(ADDRESS) as connection:
            await talk(connection)

    with pytest.raises(CassetteError, match="at most 3000 bytes"):
        run_virtual(session)
    assert not list(tmp_path.iterdir())
