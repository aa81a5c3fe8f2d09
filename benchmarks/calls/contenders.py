"""Who is compared, and how each is started."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from voxpipe.websocket.choice import SOCKETS

ROOT = Path(__file__).parent.parent.parent
PEERS = ROOT / ".bench-venv" / "bin" / "python"
PIPECAT = ROOT / "benchmarks" / "peers" / "pipecat_calls.py"

# No key is needed, but nobody connects without one.
ENVIRONMENT = {"OPENAI_API_KEY": "sk-none"}


Loop = Literal["asyncio", "uvloop"]
Maker = Literal["bridge", "fast_bridge", "voxpipe", "bare", "pipecat"]

LIMIT = "1000"  # calls that `voxpipe serve` admits: the benchmark decides how many


@dataclass(frozen=True, slots=True)
class Contender:
    """A server for calls.

    Attributes:
        name: short, for options.
        title: for people.
        maker: which program it is.
        what: its variant: the audio, the app, or the VAD.
        guess: calls that it may hold, to begin the search with.
        sockets: the library under voxpipe's WebSockets; nothing to others.
    """

    name: str
    title: str
    maker: Maker
    what: str
    guess: int
    sockets: Literal["websockets", "picows"] = "websockets"

    def command(self, port: int, model_port: int, loop: Loop) -> list[str]:
        """What starts it; voxpipe finds the model in its `environment`."""
        here = ["--port", str(port)]
        there = ["--model", f"ws://127.0.0.1:{model_port}/v1"]
        ours = [sys.executable, "-m", "benchmarks.calls.on", loop]
        if self.maker == "pipecat":
            program = [str(PEERS), str(PIPECAT), "--vad", self.what, "--loop", loop]
            return [*program, *here, *there]
        if self.maker == "voxpipe":
            app = f"benchmarks.calls.apps:{self.what}"
            return [*ours, "voxpipe", "serve", app, *here, "--limit", LIMIT]
        program = [*ours, f"benchmarks.calls.{self.maker}", *here, *there]
        if self.maker == "fast_bridge":
            return program
        return [*program, "--audio" if self.maker == "bridge" else "--app", self.what]

    @property
    def is_peer(self) -> bool:
        """It needs ``.bench-venv``."""
        return self.maker == "pipecat"


def environment(model_port: int, contender: Contender) -> Mapping[str, str]:
    """What a contender finds in its own."""
    model = f"http://127.0.0.1:{model_port}/v1"
    return {**ENVIRONMENT, "OPENAI_BASE_URL": model, SOCKETS: contender.sockets}


CONTENDERS = {
    each.name: each
    for each in (
        Contender("a1", "bridge by hand, G.711", "bridge", "straight", 150),
        Contender("f1", "bridge on picows, G.711", "fast_bridge", "straight", 400),
        Contender("a2", "bridge by hand, soxr VHQ", "bridge", "soxr-vhq", 120),
        Contender("a3", "bridge by hand, soxr HQ", "bridge", "soxr-hq", 120),
        Contender("b", "voxpipe, G.711", "voxpipe", "straight", 150),
        Contender("bf", "voxpipe[fast], G.711", "voxpipe", "straight", 250, "picows"),
        Contender("c", "voxpipe, resampled", "voxpipe", "resampled", 100),
        Contender("d", "voxpipe, local VAD", "voxpipe", "local_vad", 70),
        # Without `voxpipe serve`, to tell what its server costs; not in the plan.
        Contender("b0", "voxpipe, G.711, bare websockets", "bare", "straight", 150),
        Contender("e1", "Pipecat, server VAD", "pipecat", "server", 25),
        Contender("e2", "Pipecat, local VAD", "pipecat", "silero", 15),
    )
}
