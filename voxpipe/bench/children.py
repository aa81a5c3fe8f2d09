"""The processes beside the callers: the app, and the model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio import (
    CancelScope,
    EndOfStream,
    Event,
    fail_after,
    move_on_after,
    open_process,
)
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from voxpipe.pipeline import VoxpipeError
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.simulator import Script

START = 30.0  # seconds for a process to listen
STOP = 5.0  # seconds to end, when it was told to
LAST_WORDS = 30  # lines that are shown of one that did not begin

_URL = re.compile(r"OPENAI_BASE_URL=(\S+)")


class BenchError(VoxpipeError):
    """It could not be measured; says why."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the app's process had used at a moment.

    Attributes:
        at: ``time.monotonic()``.
        cpu: seconds.
        memory: bytes.
    """

    at: float
    cpu: float
    memory: float


@dataclass(slots=True)
class AppProcess:
    """What the app's process has told.

    Attributes:
        url: where it listens.
        usage: what it used, four times a second.
        lag: seconds by which its loop was late.
        calls: what was seen of those that are over, by the carrier's name for them.
        stalls: what kept its loop.
    """

    url: str = ""
    usage: list[Usage] = field(default_factory=list[Usage])
    lag: list[float] = field(default_factory=list[float])
    calls: dict[str, dict[str, Any]] = field(default_factory=dict[str, Any])
    stalls: list[tuple[str, str, float]] = field(
        default_factory=list[tuple[str, str, float]]
    )
    listens: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    more: Event = field(default_factory=Event)

    def take(self, told: dict[str, Any]) -> None:
        """Take a line."""
        if "cpu" in told:
            self.usage.append(Usage(told["at"], told["cpu"], told["memory"]))
            self.lag += told["lag"]
        elif "call" in told:
            self.calls[told["call"]] = told
        elif "url" in told:
            self.url = told["url"]
            self.listens.set()
        elif "stalls" in told:
            self.stalls += [(who, place, each) for who, place, each in told["stalls"]]
        self.more.set()
        self.more = Event()


@asynccontextmanager
async def app_process(
    order: Mapping[str, Any], environment: Mapping[str, str]
) -> AsyncGenerator[AppProcess]:
    """Serve an app in a process of its own.

    Raises:
        BenchError: it does not begin to listen.
    """
    told = AppProcess()
    command = [sys.executable, "-m", "voxpipe.console.benched", json.dumps(order)]
    with tempfile.TemporaryFile("w+b") as log:
        async with (
            _process(command, environment, log) as process,
            tasks_until_done() as tasks,
        ):
            tasks.start_soon(_read, process, told)
            await _started(told, log)
            try:
                yield told
            finally:
                with CancelScope(shield=True), move_on_after(STOP):
                    assert process.stdin is not None
                    await process.stdin.aclose()  # it ends, and tells its last
                    await told.ended.wait()


async def _started(told: AppProcess, log: Any) -> None:
    why = ""
    try:
        with fail_after(START):
            await told.listens.wait()
    except TimeoutError:
        why = f"it did not listen within {START:g} s"
    if not told.url:
        log.seek(0)
        lines = log.read().decode("utf-8", "replace").splitlines()[-LAST_WORDS:]
        error = BenchError(f"the app could not be served: {why or _last(lines)}")
        for line in lines:
            error.add_note(line[:200])
        raise error


def _last(lines: Sequence[str]) -> str:
    return lines[-1][:300] if lines else "its process ended without a word"


async def _read(process: Process, told: AppProcess) -> None:
    assert process.stdout is not None
    rest = ""
    try:
        async for text in TextReceiveStream(process.stdout):
            *lines, rest = (rest + text).split("\n")
            for line in lines:
                told.take(json.loads(line))
    except EndOfStream:
        pass
    finally:
        told.listens.set()
        told.ended.set()
        told.more.set()


@asynccontextmanager
async def model_process(script: Script) -> AsyncGenerator[tuple[str, int]]:
    """Simulate the model in a process of its own; yields its base URL, and its number.

    Raises:
        BenchError: it does not begin to listen.
    """
    with tempfile.TemporaryDirectory(prefix="voxpipe-bench-") as folder:
        path = Path(folder) / "script.yaml"
        # JSON is YAML; and what is not given here is as it was there.
        path.write_text(script.model_dump_json(exclude_unset=True), encoding="utf-8")
        command = [sys.executable, "-m", "voxpipe", "simulate", str(path)]
        command += ["--port", "0", "--quiet"]
        with tempfile.TemporaryFile("w+b") as log:
            async with _process(command, {}, log) as process:
                yield await _url_of(process, log), process.pid


async def _url_of(process: Process, log: Any) -> str:
    assert process.stdout is not None
    said = ""
    with move_on_after(START):
        async for text in TextReceiveStream(process.stdout):
            said += text
            found = _URL.search(said)
            if found and "Ctrl-C" in said:
                return found[1]
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").splitlines()
    raise BenchError(f"the model could not be simulated: {_last(lines)}")


@asynccontextmanager
async def _process(
    command: Sequence[str], environment: Mapping[str, str], log: Any
) -> AsyncGenerator[Process]:
    here = {"PYTHONUNBUFFERED": "1", **os.environ, **environment}
    process = await open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=here
    )
    try:
        yield process
    finally:
        with CancelScope(shield=True):
            if process.returncode is None:
                process.terminate()
            with move_on_after(STOP) as patience:
                await process.wait()
            if patience.cancelled_caught:
                process.kill()
                await process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    await stream.aclose()
