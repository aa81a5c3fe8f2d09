"""`voxpipe serve --watch` as a process: a call that rings is seen."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import connect

from tests.transports.browser.client import client

ROOT = Path(__file__).parents[2]
COMMAND = ["-m", "voxpipe", "serve", "--simulator", "--port", "0", "--watch"]


@pytest.mark.slow
def test_the_pipeline_and_the_session_of_a_call_are_seen() -> None:
    with subprocess.Popen(
        [sys.executable, *COMMAND],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            printed = ""
            while "Ctrl-C" not in printed:
                printed += process.stdout.readline()
            link, url = (
                found[1]
                for pattern in (r"Look: (\S+)", r"answers calls with .*at (http\S+)")
                if (found := re.search(pattern, printed))
            )
            told = anyio.run(_seen, link, url)
        finally:
            process.kill()
    graph = next(each for each in told if each["kind"] == "graph")
    assert any(to == "realtime" for _, _, to, _ in graph["links"])
    types = {(each["from"], each["event"]["type"]) for each in told if "event" in each}
    assert ("client", "session.update") in types
    assert ("server", "response.output_audio.delta") in types


async def _seen(link: str, url: str) -> list[dict[str, Any]]:
    """What the page is told while somebody calls, until the agent speaks."""
    address, _, word = link.partition("#")
    feed = f"{address.replace('http', 'ws', 1)}watch?word={word}"
    told = list[dict[str, Any]]()
    async with connect(feed, max_size=None, proxy=None) as line, client(url):
        kinds = set[str]()
        while not kinds >= {"graph", "stats"} or not _speaks(told):
            told += json.loads(await line.recv())
            kinds = {each["kind"] for each in told}
    return told


def _speaks(told: list[dict[str, Any]]) -> bool:
    types = [each["event"]["type"] for each in told if "event" in each]
    return "response.output_audio.delta" in types
