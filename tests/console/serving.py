"""`voxpipe serve` as a process of its own, for tests."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path

from anyio import fail_after, open_process
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream
from anyio.to_thread import run_sync

ROOT = Path(__file__).parents[2]


class Served:
    """A server that runs.

    Attributes:
        welcome: what it has said at its start.
        url: where it is.
    """

    def __init__(self, process: Process, welcome: str, lines: TextReceiveStream):
        self.process = process
        self.welcome = welcome
        self._lines = lines
        found = re.search(r"at (http://(?:127\.0\.0\.1|0\.0\.0\.0):\d+)\n", welcome)
        assert found is not None, welcome
        self.url = found[1]

    async def until(self, words: str) -> str:
        """What it says up to these words, or to its end."""
        return await _until(self._lines, words)

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body."""
        return await run_sync(_get, self.url, path)


def _get(url: str, path: str) -> tuple[int, str]:
    connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


async def _until(lines: TextReceiveStream, words: str) -> str:
    said = ""
    async for part in lines:
        said += part
        if words in said:
            break
    return said


@asynccontextmanager
async def served(
    *arguments: str,
    cwd: Path = ROOT,
    token: str = "",
    code: int = 0,
    variables: Mapping[str, str] | None = None,
) -> AsyncGenerator[Served]:
    """A server, until it ends, with this code."""
    command = [sys.executable, "-m", "voxpipe", "serve", "--port", "0", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "TWILIO_AUTH_TOKEN": token}
    environment |= variables or {}
    with fail_after(60):
        async with await open_process(
            command, cwd=cwd, stderr=None, env=environment
        ) as process:
            try:
                assert process.stdout is not None
                lines = TextReceiveStream(process.stdout)
                yield Served(process, await _until(lines, "Ctrl-C"), lines)
                assert await process.wait() == code
            finally:
                if process.returncode is None:
                    process.kill()
