"""One trial: a contender on its core, carrier and model on the other, one number."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from benchmarks.report import CannotMeasure

from .contenders import ROOT, Contender, Loop, environment
from .outcome import Outcome, outcome

START = 60.0  # seconds until a contender must listen: Pipecat imports for a while
STOP = 20.0  # seconds until it must have ended


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything runs.

    Attributes:
        server_core: of the contender.
        other_core: of everything else.
        port: of the contender.
        model_port: of the stand-in model.
        loop: the event loop of the contender.
        wire: the carrier whose streams these are, which `voxpipe serve` tells apart.
        noise: the callers' lines are never silent.
    """

    server_core: int = 0
    other_core: int = 1
    port: int = 19080
    model_port: int = 19081
    loop: Loop = "asyncio"
    wire: str = "twilio"
    noise: bool = False

    def model(self) -> list[str]:
        """The command of the stand-in model."""
        return self._on(self.other_core, "model", "--port", str(self.model_port))

    def server(self, contender: Contender) -> list[str]:
        """The command of a contender."""
        command = contender.command(self.port, self.model_port, self.loop)
        return ["taskset", "-c", str(self.server_core), *command]

    def carrier(self, calls: int, talking: int, seconds: float) -> list[str]:
        """The command of the carrier, but for the processes to watch."""
        return self._on(
            self.other_core,
            "carrier",
            f"--url=ws://127.0.0.1:{self.port}/{self.wire}",
            f"--carrier={self.wire}",
            f"--calls={calls}",
            f"--talking={talking}",
            f"--seconds={seconds}",
            *(["--noise"] if self.noise else []),
        )

    def _on(self, core: int, module: str, *arguments: str) -> list[str]:
        python = [sys.executable, "-m", f"benchmarks.calls.{module}"]
        return ["taskset", "-c", str(core), *python, *arguments]

    def describe(
        self, contender: Contender, calls: int, talking: int, seconds: float
    ) -> str:
        """Three lines for three terminals, to profile one of them."""
        found = environment(self.model_port, contender)
        setting = " ".join(f"{name}={value}" for name, value in found.items())
        commands = (
            shlex.join(self.model()),
            f"{setting} {shlex.join(self.server(contender))}",
            shlex.join(self.carrier(calls, talking, seconds)),
        )
        return "\n".join(commands)

    def run(
        self,
        contender: Contender,
        calls: int,
        seconds: float,
        talking: int | None = None,
        *,
        warm: bool = True,
    ) -> Outcome:
        """Start all three, measure, and end them.

        Args:
            contender: who.
            calls: how many.
            seconds: measured.
            talking: how many of the calls converse; all of them unless given.
            warm: whether the memory of a call is of interest.

        Raises:
            CannotMeasure: one of them did not start, or broke.
        """
        talking = calls if talking is None else talking
        with _process(self.model(), {}) as model:
            _line_of(model)
            setting = environment(self.model_port, contender)
            with (
                _log(contender) as log,
                _process(self.server(contender), setting, log) as server,
            ):
                self._wait_for(contender, server)
                command = self.carrier(calls, talking, seconds)
                command += [f"--server={server.pid}", f"--model={model.pid}"]
                command += [] if warm else ["--cold"]
                with _process(command, {}) as carrier:
                    found = _line_of(carrier)
            model.send_signal(signal.SIGTERM)
            late = _line_of(model)["late_ms"]
        cores = self.server_core, self.other_core
        return outcome(contender.name, found, late, *cores)

    def _wait_for(self, contender: Contender, server: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            if server.poll() is not None:
                raise CannotMeasure(f"{contender.title} ended with {server.returncode}")
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.1)
        raise CannotMeasure(f"{contender.title} did not listen within {START:g} s")


@contextmanager
def _log(contender: Contender) -> Generator[IO[str]]:
    """Where a contender talks to; shown when something goes wrong."""
    with tempfile.TemporaryFile("w+") as file:
        try:
            yield file
        except CannotMeasure:
            file.seek(0)
            for line in file.readlines()[-20:]:
                print(f"  {contender.name}| {line.rstrip()[:200]}", file=sys.stderr)
            raise


@contextmanager
def _process(
    command: Sequence[str], setting: Mapping[str, str], log: IO[str] | None = None
) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **setting},
        stdout=subprocess.PIPE if log is None else log,
        stderr=log,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _line_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise CannotMeasure("a process ended early; its last words are above")
    found: dict[str, Any] = json.loads(line)
    return found
