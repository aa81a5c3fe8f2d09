"""`voxpipe serve` as a process of its own, called by a telephone company of our own."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from voxpipe.console import serve
from voxpipe.console.demo.caller import guest_speech
from voxpipe.console.main import main
from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.transports.telephony.testing import CallRefused, FakeTwilio

from ..monitoring.receiver import receiver
from .serving import ROOT, served

TOKEN, PUBLIC_URL = "0123456789abcdef", "https://calls.example.com"


def silent(*, line: str) -> None:
    """Logs nothing: the log is of this process, too."""


AGENT = """
from voxpipe.pipeline import Pipeline
from voxpipe.processors.realtime import Realtime, open_session

async def answer(call):
    async with open_session(audio=call.format) as session:
        model = Realtime(session)
        model.say("Yes?")
        await Pipeline(call.heard >> model.hears, model.says >> call.speaks).run()
"""


@pytest.fixture
def anyio_backend() -> str:
    """Of the caller's side: the server has a process, and a choice, of its own."""
    return "asyncio"


def question() -> AudioFrame:
    """A person who asks something, as recorded."""
    spoken = guest_speech()[0]
    wide = AudioFrame(data=spoken.audio, format=spoken.format)
    assert spoken.format.rate == 16_000
    return AudioFrame(
        data=wide.samples[::2].tobytes(), format=AudioFormat("pcm16", 8_000)
    )


async def test_it_says_where_it_is_and_ends_when_told_to_stop() -> None:
    async with served("--simulator") as server:
        assert server.welcome.startswith(f"Talk to it: {server.url}/\n")
        assert "page      open to this machine only\n" in server.welcome
        assert f"webhook   {server.url}/twilio/answer\n" in server.welcome
        assert "model     simulated, at http://127.0.0.1:" in server.welcome
        assert "checks    off: only this machine can call" in server.welcome
        assert await server.get("/healthz") == (200, "alive\n")
        assert (await server.get("/readyz"))[0] == 200
        tunnel = FakeTwilio(server.url, public_url="https://abcd.ngrok.app")
        with pytest.raises(CallRefused) as refused:
            async with tunnel.call():
                pass
        assert refused.value.status == 403
        await server.until("refused: expected a Host that is this machine")
        server.process.send_signal(signal.SIGTERM)
        await server.until("cut: 0")


@pytest.mark.slow
async def test_the_assistant_greets_answers_and_finishes_when_told_to_stop() -> None:
    async with served("--simulator") as server:
        twilio = FakeTwilio(server.url)
        async with twilio.call(caller="+15550107") as caller:
            greeting = await caller.listen()
            assert greeting.duration > 1
            await caller.say(question())
            server.process.send_signal(signal.SIGTERM)
            assert "1 under way" in await server.until("another signal")
            status, state = await server.get("/readyz")
            assert status == 503
            assert "draining" in state
            with pytest.raises(CallRefused) as refused:
                async with twilio.call():
                    pass
            assert refused.value.status == 503
            assert (await caller.listen()).duration > 1  # it is answered all the same
            assert not caller.measured.violations
            assert not caller.ended
        last = await server.until("cut: 0")
        assert re.search(r"end=caller seconds=\d+\.\d replies=3 cost_usd=0\.\d+", last)
        assert "5550107" not in server.welcome + last


async def test_the_container_of_the_documentation_starts_as_it_is_written(
    tmp_path: Path,
) -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    (entry,) = re.findall(r"^ENTRYPOINT (\[.*\])$", page, re.M)
    (arguments,) = re.findall(r"^docker run .* my-agent (.*)$", page, re.M)
    program, command, app, *options = json.loads(entry)
    assert (program, command, app) == ("voxpipe", "serve", "my_agent:answer")
    (tmp_path / "my_agent.py").write_text(AGENT)
    async with served(
        app,
        *options,
        *arguments.split(),
        "--simulator",
        cwd=tmp_path,
        token="secret",
    ) as server:
        assert "checks    on: Twilio's signature" in server.welcome
        server.process.send_signal(signal.SIGTERM)


async def test_an_app_of_ones_own_serves_up_to_the_limit_and_a_second_signal_cuts(
    tmp_path: Path,
) -> None:
    (tmp_path / "my_agent.py").write_text(AGENT)
    options = ("my_agent:answer", "--simulator", "--limit", "1", "--loop", "asyncio")
    public = ("--public-url", PUBLIC_URL)
    async with served(*options, *public, cwd=tmp_path, token=TOKEN) as server:
        assert "answers calls with my_agent:answer" in server.welcome
        assert "1 at once" in server.welcome
        assert "runs on   asyncio, sockets by picows\n" in server.welcome
        assert f"webhook   {PUBLIC_URL}/twilio/answer\n" in server.welcome
        assert "checks    on: Twilio's signature" in server.welcome
        assert TOKEN not in server.welcome
        with pytest.raises(CallRefused) as unsigned:
            async with FakeTwilio(server.url).call():
                pass
        assert unsigned.value.status == 403
        twilio = FakeTwilio(server.url, auth_token=TOKEN, public_url=PUBLIC_URL)
        async with twilio.call() as caller:
            assert (await caller.listen(pause=0.1)).duration > 0.1
            status, state = await server.get("/readyz")
            assert status == 503
            assert "full" in state
            with pytest.raises(CallRefused) as refused:
                async with twilio.call():
                    pass
            assert refused.value.status == 503
            server.process.send_signal(signal.SIGINT)
            await server.until("another signal")
            server.process.send_signal(signal.SIGTERM)
            await caller.wait_closed()
            assert caller.ended in ("agent", "lost")
        assert "end=drained" in await server.until("cut: 1")


HANGING = """
import threading
from voxpipe.pipeline import Pipeline, ReplyEnd, ToolCall
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.tools import ToolRouter, tool

@tool(timeout=0.01)
def hang() -> None:
    "For ever."
    threading.Event().wait()

async def answer(call):
    router = ToolRouter([hang])
    calls = Source([ToolCall(call_id="1", name="hang", arguments="{}")])
    await Pipeline(
        calls.output >> router.calls,
        router.results >> Probe().input,
        Source([ReplyEnd(turn=None)]).output >> call.speaks,
    ).run()
"""


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_tool_that_hangs_does_not_keep_the_process(
    tmp_path: Path, loop: str
) -> None:
    (tmp_path / "my_agent.py").write_text(HANGING)
    options = ("my_agent:answer", "--simulator", "--loop", loop)
    async with served(*options, cwd=tmp_path) as server:
        async with FakeTwilio(server.url).call() as caller:
            await caller.wait_closed()
            assert caller.ended == "agent"
        await server.until("end=agent")
        server.process.send_signal(signal.SIGTERM)
        await server.until("cut: 0")  # and then it ends, with code 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no API key: set OPENAI_API_KEY, or give --simulator"),
        (["--realtime-url", "ftp://x"], "no API key"),
        (["os:abort"], "os:abort is not async"),
        (["--simulator", "--host", "0.0.0.0"], "give --public-url https://"),
        (["--public-url", "https://x.example"], "without TWILIO_AUTH_TOKEN"),
        (["--simulator", "--idle-limit", "nan"], "expected a number from 0.001"),
        (["--limit", "0"], "expected a number from 1 to"),
        (["--simulator", "--realtime-url", "https://x"], "not allowed with"),
    ],
)
def test_what_cannot_start_says_why_in_a_line(
    arguments: Sequence[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(serve, "log_to_console", silent)  # this process's own
    try:
        code: object = main(["serve", *arguments])
    except SystemExit as error:
        code = error.code
    assert code in (1, 2)
    printed = capsys.readouterr().err
    assert words in printed
    assert "Traceback" not in printed


def test_a_port_that_is_taken_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "log_to_console", silent)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--simulator", "--port", port]) == 1
    assert f"cannot listen on 127.0.0.1 port {port}: it is" in capsys.readouterr().err


def test_an_address_of_a_model_that_is_none_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "log_to_console", silent)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-before")
    assert main(["serve", "--realtime-url", "ftp://x", "--port", "0"]) == 1
    assert "must look like https://host/v1" in capsys.readouterr().err


def test_its_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    shown = capsys.readouterr().out
    for word in ("module:function", "TWILIO_AUTH_TOKEN", "OPENAI_BASE_URL", "/readyz"):
        assert word in shown
    assert max(len(line) for line in shown.splitlines()) <= 88


async def test_figures_are_at_metrics_when_they_are_asked_for() -> None:
    async with served("--simulator", "--metrics") as server:
        async with FakeTwilio(server.url).call() as caller:
            await caller.listen(pause=0.1)
            status, text = await server.get("/metrics")
            assert status == 200
            assistant = '{app="voxpipe.console.assistant.answer"}'
            assert f"voxpipe_calls_active{assistant} 1.0" in text
            assert "voxpipe_ready 1.0" in text
            assert "voxpipe_loop_lag_seconds_bucket" in text
        server.process.send_signal(signal.SIGTERM)
        await server.until("cut: 0")


async def test_nobody_is_told_figures_unless_they_are_asked_for() -> None:
    async with served("--simulator") as server:
        assert (await server.get("/metrics"))[0] == 404
        server.process.send_signal(signal.SIGTERM)


async def test_a_collector_is_told_of_calls_and_the_log_names_their_traces() -> None:
    with receiver() as (url, received):
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
        async with served("--simulator", "--otel", variables=told) as server:
            async with FakeTwilio(server.url).call() as caller:
                await caller.listen(pause=0.1)
            server.process.send_signal(signal.SIGTERM)
            last = await server.until("cut: 0")
        call = received.span("invoke_agent voxpipe.console.assistant.answer")
        assert re.search(f"end=caller .*trace_id={call.trace_id.hex()}", last)
        assert "voxpipe.loop.lag" in received.metrics
