"""``voxpipe serve --simulator``, from its command line until it says where it listens.

As a program, ``python -m benchmarks.paths.start``, it starts one, sees that it answers,
stops it, and prints the path as JSON: a process starts only once.
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import redirect_stdout
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.report import CannotMeasure
from voxpipe.console import assistant, serve
from voxpipe.console.main import main

from .recorder import Recorder, Trace
from .window import PATIENCE

LOADED = (serve, assistant)  # before it begins: what they import is no part of it
ROOT = Path(__file__).parent.parent.parent
_COMMAND = ("serve", "--simulator", "--loop", "asyncio", "--port")


class Console(io.StringIO):
    """What the program prints.

    Args:
        url: ends the path, when it is printed.
        recorder: of the path.
    """

    def __init__(self, url: str, recorder: Recorder) -> None:
        super().__init__()
        self.told = threading.Event()
        self._url = url
        self._recorder = recorder

    def write(self, text: str, /) -> int:
        if self._url in text and not self.told.is_set():
            self._recorder.end()
            self.told.set()
        return super().write(text)


def starts(runs: int) -> list[Trace]:
    """Start it so often, in processes of its own.

    Raises:
        CannotMeasure: it does not start.
    """
    return [_start() for _ in range(runs)]


def _start() -> Trace:
    # With a token it would be a server for the real Twilio.
    environment = {k: v for k, v in os.environ.items() if k != "TWILIO_AUTH_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.paths.start"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotMeasure(f"voxpipe serve has not started:\n{done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return Trace.from_json(told)


def _record() -> Trace:
    port = _free_port()
    recorder = Recorder()
    console = Console(f"http://127.0.0.1:{port}", recorder)
    answers: list[int] = []

    def visit() -> None:
        if console.told.wait(PATIENCE):
            answers.append(_status(port))
        os.kill(os.getpid(), signal.SIGTERM)

    visitor = threading.Thread(target=visit)
    visitor.start()
    with redirect_stdout(console):
        recorder.begin()
        main([*_COMMAND, str(port)])
    visitor.join()
    if answers != [200]:
        raise CannotMeasure(
            f"it does not answer; it has printed:\n{console.getvalue()}"
        )
    return recorder.trace


def _status(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    print(json.dumps(_record().as_json()))
