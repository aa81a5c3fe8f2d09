"""The story goes on from what was heard, at the service as well as here."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import Connection, Service
from voxpipe.processors.realtime.connect import Address
from voxpipe.simulator import simulated
from voxpipe.transports.telephony.testing import answered

STORY = run_path(str(Path(__file__).parents[2] / "examples" / "interactive_story.py"))


class Overheard:
    """A connection, and what the service said and did over it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.send = connection.send
        self.events: list[dict[str, Any]] = []

    async def receive(self) -> str:
        message = await self._connection.receive()
        self.events.append(json.loads(message))
        return message

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


async def interrupted_twice() -> tuple[list[float], Overheard]:
    lines = list[Overheard]()

    @asynccontextmanager
    async def connect(address: Address) -> AsyncGenerator[Connection]:
        model = simulated(STORY["SCRIPT"], STORY["VOICE"])
        async with model(address) as connection:
            lines.append(Overheard(connection))
            yield lines[0]

    service = Service(api_key="sk-test")
    app = functools.partial(STORY["tell"], service=service, connect=connect)
    speech = STORY["speech"]
    async with answered(app) as child:
        heard = [
            await child.interrupt(speech("Why was she afraid?"), after=4.0),
            await child.interrupt(speech("Was it a dog?"), after=6.0),
            await child.listen(),
        ]
    return [part.duration for part in heard], lines[0]


def test_the_story_goes_on_from_what_was_heard(
    capsys: pytest.CaptureFixture[str],
) -> None:
    heard, service = run_virtual(interrupted_twice)
    assert service.all("error") == []
    output = service.all("session.updated")[0]["session"]["audio"]["output"]
    assert (output["voice"], output["speed"]) == ("ballad", 0.9)

    # What the service remembers of the two parts is what the child has heard of them.
    cuts = service.all("conversation.item.truncated")
    assert [cut["audio_end_ms"] / 1000 for cut in cuts] == pytest.approx(
        heard[:2], abs=0.15
    )
    # The bookmark stands behind each part that was cut, with its last words.
    marks = [
        event
        for event in service.all("conversation.item.added")
        if event["item"].get("role") == "system"
    ]
    assert [mark["previous_item_id"] for mark in marks] == [
        cut["item_id"] for cut in cuts
    ]
    parts = [line.messages[0] for line in STORY["SCRIPT"].replies]
    for mark, part in zip(marks, parts, strict=False):
        words = mark["item"]["content"][0]["text"].split('"')[1]
        before, found, after = part.partition(words)
        assert found
        assert before
        assert len(after) > 20  # the model had made more than that

    told = capsys.readouterr().out
    assert told.splitlines()[-1].endswith(parts[-1])  # heard to its end
    assert parts[0] not in told
