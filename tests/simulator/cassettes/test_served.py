"""A cassette replayed to any client, over a real socket, on both backends."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import pytest

from voxpipe.pipeline import SessionLost
from voxpipe.processors.realtime import (
    Connect,
    Service,
    SessionOptions,
    SessionRefused,
    open_session,
    websocket,
)
from voxpipe.simulator import MemoryConnection, Simulator, ToneVoice, connect_in_memory
from voxpipe.simulator.cassettes import recording

from .deck import SCRIPT, ask, until

HERE = "sk-test"


def simulated(address: object) -> MemoryConnection:
    return connect_in_memory(SCRIPT, ToneVoice())


async def talk(
    url: str | None, connect: Connect = websocket, **options: Unpack[SessionOptions]
) -> list[str]:
    """A short session; the types of what came."""
    service = Service(api_key=HERE, base_url=url)
    async with open_session(service=service, connect=connect, **options) as session:
        events = await ask(session.connection)
        await until(session.connection, "rate_limits.updated")
    return [event["type"] for event in events]


async def test_a_server_replays_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    recorded = await talk(None, recording(path, simulated))
    async with Simulator(voice=ToneVoice(), cassette=path) as server:
        for _ in range(2):  # it begins again for who comes next
            assert await talk(server.url) == recorded


async def test_another_client_is_told_what_it_did_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    await talk(None, recording(path, simulated))
    async with Simulator(voice=ToneVoice(), cassette=path) as server:
        with pytest.raises(SessionRefused, match="cassette_mismatch"):
            await talk(server.url, instructions="Be rude.")


async def test_a_session_that_was_not_recorded_is_refused(tmp_path: Path) -> None:
    async with Simulator(voice=ToneVoice(), cassette=tmp_path / "no.jsonl") as server:
        with pytest.raises((SessionRefused, SessionLost), match="no_cassette"):
            await talk(server.url)
