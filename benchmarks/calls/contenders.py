"""Who is compared, and how each is started."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PEERS = ROOT / ".bench-venv" / "bin" / "python"
PIPECAT = ROOT / "benchmarks" / "peers" / "pipecat_calls.py"

# No key is needed, but nobody connects without one.
ENVIRONMENT = {"OPENAI_API_KEY": "sk-none"}


@dataclass(frozen=True, slots=True)
class Contender:
    """A server for calls.

    Attributes:
        name: short, for options.
        title: for people.
        program: its command line but for the ports.
        guess: calls that it may hold, to begin the search with.
    """

    name: str
    title: str
    program: tuple[str, ...]
    guess: int

    def command(self, port: int, model_port: int) -> list[str]:
        """What starts it; it finds the model by ``OPENAI_BASE_URL`` or ``--model``."""
        command = [*self.program, "--port", str(port)]
        if not self.is_voxpipe:
            command += ["--model", f"ws://127.0.0.1:{model_port}/v1"]
        return command

    @property
    def is_voxpipe(self) -> bool:
        """It is ours."""
        return "voxpipe" in self.program

    @property
    def is_peer(self) -> bool:
        """It needs ``.bench-venv``."""
        return self.program[0] == str(PEERS)


def environment(model_port: int) -> Mapping[str, str]:
    """What all contenders find in theirs."""
    return {**ENVIRONMENT, "OPENAI_BASE_URL": f"http://127.0.0.1:{model_port}/v1"}


def _bridge(audio: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "benchmarks.calls.bridge", "--audio", audio)


def _voxpipe(app: str) -> tuple[str, ...]:
    serve = (sys.executable, "-m", "voxpipe", "serve")
    return (*serve, f"benchmarks.calls.apps:{app}", "--host", "127.0.0.1")


def _pipecat(vad: str) -> tuple[str, ...]:
    return (str(PEERS), str(PIPECAT), "--vad", vad)


# Without `voxpipe serve`, to tell what its server costs; not part of the plan.
_BARE = (sys.executable, "-m", "benchmarks.calls.bare", "--app", "straight")

CONTENDERS = {
    each.name: each
    for each in (
        Contender("a1", "bridge by hand, G.711", _bridge("straight"), 150),
        Contender("a2", "bridge by hand, soxr VHQ", _bridge("soxr-vhq"), 120),
        Contender("a3", "bridge by hand, soxr HQ", _bridge("soxr-hq"), 120),
        Contender("b", "voxpipe, G.711", _voxpipe("straight"), 150),
        Contender("c", "voxpipe, resampled", _voxpipe("resampled"), 100),
        Contender("d", "voxpipe, local VAD", _voxpipe("local_vad"), 70),
        Contender("b0", "voxpipe, G.711, bare websockets", _BARE, 150),
        Contender("e1", "Pipecat, server VAD", _pipecat("server"), 25),
        Contender("e2", "Pipecat, local VAD", _pipecat("silero"), 15),
    )
}
