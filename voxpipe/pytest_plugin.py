"""What pytest finds when voxpipe is installed: a simulator and cassettes as fixtures.

``realtime_simulator`` is a model that follows a script, ``realtime_cassette`` the
recorded session of the test that asks for it, and ``latency`` places calls to an app
and measures them, in virtual time. The first two are what `open_session` takes as
``connect``, on asyncio and on trio, under any plugin for asynchronous tests.

pytest is imported by whoever has it: not here, while it only looks what there is.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    import pytest

    from voxpipe.bench import Benched
    from voxpipe.processors.realtime import Connect, Connection
    from voxpipe.processors.realtime.connect import Address
    from voxpipe.simulator import Script, Simulated, Simulator
    from voxpipe.transports.telephony.switchboard import App

__all__ = ["Latency", "RealtimeCassette", "RealtimeSimulator"]

T = TypeVar("T")
KEY = "sk-simulated"  # for programs that take theirs from the environment
_MAX_NAME = 150  # characters; file systems take 255 bytes
_RECORD = "--record-realtime"
_HELP = (
    "record the cassettes of `realtime_cassette` at the service (OPENAI_API_KEY; costs "
    "money), or wherever OPENAI_BASE_URL is, instead of replaying them"
)


class RealtimeSimulator:
    """Simulated models for one test: call it with a script.

    Args:
        folder: of the test; scripts are read from there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, script: Script | str | Path | None = None) -> Simulated:
        """What `open_session` takes as ``connect``: a session without a socket.

        Args:
            script: what the model says, or the YAML file beside the test that tells it;
                without one it echoes. It speaks with a tone.

        Raises:
            ScriptError: the file will not do.
        """
        from voxpipe.simulator import simulated

        return simulated(self._read(script), seed=1)

    def serve(self, script: Script | str | Path | None = None) -> Simulator:
        """A real server on loopback, to be opened with ``async with``.

        Raises:
            ScriptError: the file will not do.
        """
        from voxpipe.simulator import Simulator, ToneVoice

        return Simulator(self._read(script), ToneVoice())

    def _read(self, script: Script | str | Path | None) -> Script | None:
        from voxpipe.simulator import load_script

        if isinstance(script, str | Path):
            return load_script(self._folder / script)
        return script


class RealtimeCassette:
    """The recorded sessions of one test: what `open_session` takes as ``connect``.

    Attributes:
        path: of the file; the second session's is ``….2.jsonl``, and so on.
        mode: what happens.
        needs_key: a recording is made at the service, and needs one.
    """

    def __init__(
        self,
        path: Path,
        mode: Literal["record", "replay"],
        ignore: Collection[str] = (),
    ) -> None:
        from voxpipe.processors.realtime import websocket
        from voxpipe.simulator.cassettes import recording, replay

        self.path = path
        self.mode: Literal["record", "replay"] = mode
        self.needs_key = mode == "record"
        self._connect: Connect = (
            recording(path, websocket)
            if self.needs_key
            else replay(path, ignore=ignore)
        )

    def ignoring(self, *fields: str) -> RealtimeCassette:
        """The same, though these fields may be others than they were recorded.

        Such as ``session.instructions``, where these tell the date.
        """
        return RealtimeCassette(self.path, self.mode, fields)

    def run(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Run a conversation to its end, from a test that is not asynchronous.

        It takes no time when it is replayed (this needs ``voxpipe[trio]``), and its
        time when it is recorded.
        """
        if self.mode == "record":
            import anyio

            return anyio.run(function, *arguments)
        from voxpipe.pipeline.testing import run_virtual

        return run_virtual(function, *arguments)

    def __call__(self, address: Address) -> AbstractAsyncContextManager[Connection]:
        """Connect: to the service while it is recorded, to the cassette otherwise.

        Raises:
            CassetteError: on entering: there is no cassette, or it cannot be read.
        """
        if self.mode == "replay" and not self.path.exists():
            from voxpipe.simulator.cassettes import CassetteError

            raise CassetteError(
                f"there is no cassette {self.path}: run this test once with `pytest "
                f"{_RECORD}`, which talks to the service"
            )
        return self._connect(address)


class Latency:
    """Measures an app in virtual time, where what waits is exact: call it with one."""

    def __call__(
        self,
        app: App,
        *,
        calls: int = 3,
        seconds: float = 15.0,
        script: Script | None = None,
        **plan: Any,
    ) -> Benched:
        """Place simulated calls, and see how long each turn takes, and where.

        From a test that is not asynchronous (this needs ``voxpipe[trio]``)::

            def test_callers_are_answered_within_a_second(latency):
                done = latency(answer)
                assert not done.broken("turn.p95 > 1000ms", "stale_frames > 0")

        Args:
            app: what answers the calls.
            calls: at the same time.
            seconds: that each of them lasts.
            script: what the model says and calls, and how fast it is.
            plan: anything else of `voxpipe.bench.Plan`.

        Raises:
            ConfigurationError: it cannot be measured so.
        """
        from voxpipe.bench import Plan, bench

        if script is not None:
            plan["script"] = script
        timing: Any = {"over": "memory", "clock": "virtual"}
        return bench(app, Plan(calls=calls, seconds=seconds, **timing, **plan))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let cassettes be recorded from the command line."""
    group = parser.getgroup("voxpipe")
    group.addoption(_RECORD, action="store_true", help=_HELP)


def pytest_configure(config: pytest.Config) -> None:
    """Give tests the fixtures."""
    config.pluginmanager.register(_fixtures(), "voxpipe.fixtures")


def _fixtures() -> object:
    import pytest

    class Fixtures:
        @pytest.fixture
        def realtime_simulator(
            self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
        ) -> RealtimeSimulator:
            """A model that follows a script: `realtime_simulator(script)`."""
            monkeypatch.setenv("OPENAI_API_KEY", KEY)
            return RealtimeSimulator(request.path.parent)

        @pytest.fixture
        def latency(self) -> Latency:
            """How long an app's turns take: `latency(answer)`."""
            return Latency()

        @pytest.fixture
        def realtime_cassette(
            self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
        ) -> RealtimeCassette:
            """The recorded session of this test: `connect=realtime_cassette`."""
            path = _cassette_of(request)
            if request.config.getoption(_RECORD):
                return RealtimeCassette(path, "record")
            monkeypatch.setenv("OPENAI_API_KEY", KEY)
            return RealtimeCassette(path, "replay")

    return Fixtures()


def _cassette_of(request: pytest.FixtureRequest) -> Path:
    """Where the cassette of a test is: ``cassettes/test_file/test_name.jsonl``.

    The same for both event loops, of which anyio's fixture makes two tests.
    """
    parts: list[str] = [request.function.__name__]
    group: type[object] | None = getattr(request, "cls", None)
    if group is not None:
        parts.insert(0, group.__name__)
    call: Any = getattr(request.node, "callspec", None)
    if call is not None:
        backend = call.params.get("anyio_backend")  # a name, or a name and options
        loop = backend if isinstance(backend, str) else next(iter(backend or ()), None)
        parts += [part for part in call.id.split("-") if part != loop]
    name = re.sub(r"[^\w.=-]+", "_", "-".join(parts))[:_MAX_NAME]
    return request.path.parent / "cassettes" / request.path.stem / f"{name}.jsonl"
