"""The programs in README.md, run from there."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import numpy as np
import pytest
from anyio.streams.stapled import StapledObjectStream

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    Input,
    Output,
    Pipeline,
    Processor,
    ReplyFrame,
    Turn,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source, no_leaks, run_virtual
from voxpipe.processors.realtime import open_session
from voxpipe.simulator import (
    CallTool,
    Line,
    Script,
    Simulator,
    ToneVoice,
    simulated,
)
from voxpipe.transports import read_header
from voxpipe.transports.telephony import App
from voxpipe.transports.telephony.testing import answered

from .processors.realtime.loops import BACKENDS, Backend, run_virtually

README = Path(__file__).parents[1] / "README.md"
RECORDINGS = Path(__file__).parents[1] / "voxpipe" / "console" / "recordings"
PCM_16K = AudioFormat("pcm16", 16_000)


def program(name: str) -> str:
    found = re.search(
        rf"<!-- tested: {name} -->\n```python\n(.*?)```", README.read_text(), re.S
    )
    assert found, f"README.md has no program marked `tested: {name}`"
    return found[1]


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(source, str(README), "exec"), names)
    return names


@pytest.mark.parametrize("name", ["custom_processor", "custom_transport"])
def test_thirty_lines_suffice(name: str) -> None:
    source = program(name)
    imports = {
        line
        for node in ast.parse(source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    code = [
        line
        for number, line in enumerate(source.splitlines(), 1)
        if line.strip() and number not in imports
    ]
    assert len(code) <= 30


async def test_the_noise_gate_silences_what_is_quiet_and_nothing_else() -> None:
    gate = cast("Filter[AudioFrame]", run(program("custom_processor"))["NoiseGate"]())
    loud = AudioFrame(data=np.full(320, 8_000, np.int16).tobytes(), format=PCM_16K)
    quiet = AudioFrame(data=np.full(320, 20, np.int16).tobytes(), format=PCM_16K)
    source, probe = Source([loud, quiet, loud]), Probe()
    await Pipeline(source.output >> gate >> probe.input).run()
    assert [frame.data for frame in probe.frames] == [loud.data, bytes(640), loud.data]


async def test_the_message_phone_hears_speaks_and_forgets_on_an_interruption() -> None:
    from_them, to_us = anyio.create_memory_object_stream[bytes](100)
    from_us, to_them = anyio.create_memory_object_stream[bytes](1_000)
    phone = run(program("custom_transport"))["MessagePhone"](
        StapledObjectStream(from_us, to_us), 16_000
    )
    answering = _Answering()
    pipeline = Pipeline(
        phone.heard >> answering.hears,
        answering.says >> phone.speaks,
    )
    async with (
        no_leaks(),
        from_them,
        to_us,
        from_us,
        to_them,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(pipeline.run)
        await from_them.send(b"\x01\x00\x02")
        assert answering.turn.state == "waiting"
        assert len(await to_them.receive()) == 8_000
        answering.turn.cut()
        while await to_them.receive() != b"":
            pass
        await from_them.aclose()  # they hang up; the pipeline ends by itself
    assert phone.fault_count == 1  # half a sample


class _Answering(Processor):
    """Speaks ten seconds at once when it has heard something."""

    hears = Input[AudioFrame]()
    says = Output[ReplyFrame]()

    def __init__(self) -> None:
        self.turn = Turn("r1")

    async def run(self) -> None:
        async for _ in self.hears:
            for _ in range(40):
                start = self.turn.grow(0.25)
                frame = AudioFrame(
                    data=bytes(8_000), format=PCM_16K, start=start, turn=self.turn
                )
                await self.says.send(frame)


def test_a_newcomer_runs_the_first_program_beside_voxpipe_simulate(
    tmp_path: Path,
) -> None:
    (tmp_path / "front_desk.py").write_text(program("front_desk"), encoding="utf-8")
    command = [sys.executable, "-um", "voxpipe", "simulate", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulate:
        try:
            assert simulate.stdout is not None
            told = iter(simulate.stdout)
            export = next(line for line in told if line.startswith("  export "))
            variables = dict(each.split("=", 1) for each in export.split()[1:])
            ran = subprocess.run(
                [sys.executable, "front_desk.py"],
                cwd=tmp_path,
                env=os.environ | variables,
                capture_output=True,
                text=True,
            )
        finally:
            simulate.terminate()
    assert (ran.returncode, ran.stderr) == (0, "")
    _, shown = ran.stdout.split("\n\n")
    promised = re.search(r"```\n(agent: .*?)```", README.read_text("utf-8"), re.S)
    assert promised
    # What the caller said is written down when it is, beside what follows.
    assert sorted(shown.splitlines()) == sorted(promised[1].splitlines())
    assert shown.endswith("written to answer.wav\n")
    assert _seconds(tmp_path / "answer.wav") > 2


def _seconds(wav: Path) -> float:
    with wav.open("rb") as file:
        return read_header(file).seconds


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_front_desk_answers_a_wav_file_with_another(
    backend: Backend, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(program("front_desk"))
    lines = Script(
        replies=(
            Line(calls=(CallTool(name="opening_hours", arguments={"day": "Sunday"}),)),
            Line(say="From {result}."),
        )
    )

    names["open_session"] = partial(open_session, connect=simulated(lines))
    question, reply = str(RECORDINGS / "2-menu.wav"), str(tmp_path / "answer.wav")
    run_virtually(backend, names["answer"], question, reply)
    assert _seconds(tmp_path / "answer.wav") > 1
    printed = capsys.readouterr().out
    assert "wav_source.heard ─▶ vad ─▶ resample ─▶ realtime.hears" in printed
    assert "agent: From six to eleven in the evening." in printed


async def test_without_its_resampler_the_front_desk_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = program("front_desk")
    without = source.replace(" >> Resample(24_000)", "")
    assert without != source
    answer = cast("Callable[[str, str], Awaitable[None]]", run(without)["answer"])
    async with Simulator(voice=ToneVoice()) as simulator:
        monkeypatch.setenv("OPENAI_BASE_URL", simulator.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-simulated")
        with pytest.raises(WiringError) as refused:
            await answer(str(RECORDINGS / "2-menu.wav"), str(tmp_path / "answer.wav"))
    assert f"WiringError: {refused.value}" in README.read_text(encoding="utf-8")


def test_the_phone_agent_greets_its_caller() -> None:
    async def call() -> float:
        async with answered(app) as caller:
            return (await caller.listen()).duration

    names = run(program("phone_calls"))
    names["open_session"] = partial(open_session, connect=simulated(Script(replies=[])))
    app = cast(App, names["answer"])
    assert run_virtual(call) > 1.0
