"""`voxpipe talk --stdin` as a process of its own: raw audio in, raw audio out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE

import anyio
import pytest
from anyio import BrokenResourceError, ClosedResourceError, fail_after, open_process
from anyio.abc import Process
from hypothesis import given
from hypothesis import strategies as st

from voxpipe import example_wav
from voxpipe.console import talk
from voxpipe.console.main import main
from voxpipe.console.pipes import AtRate, Pipes
from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.processors.audio import Resample
from voxpipe.transports import read_wav

from .serving import ROOT

AGENTS = """
import anyio
from voxpipe.pipeline import Pipeline
from voxpipe.processors.audio import Gain

async def echo(call):
    print("what an app prints")
    await Pipeline(call.heard >> Gain(0) >> call.speaks).run()

async def straight(call):
    print(call.format)
    await Pipeline(call.heard >> call.speaks).run()

async def waits(call):
    print("waiting")
    await anyio.sleep_forever()
"""
PCM = AudioFormat("pcm16", 24_000)
WAV = Path(example_wav()).read_bytes()


@pytest.fixture
def anyio_backend() -> str:
    """Of the test: the process has one of its own."""
    return "asyncio"


@asynccontextmanager
async def talking(
    tmp_path: Path, *arguments: str, stdin: int = PIPE, stdout: int = PIPE
) -> AsyncGenerator[Process]:
    """The command, with pipes, unless it is given something else."""
    (tmp_path / "agents.py").write_text(AGENTS)
    command = [sys.executable, "-m", "voxpipe", "talk", "--stdin", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "OPENAI_API_KEY": ""}
    with fail_after(60):
        async with await open_process(
            command, cwd=tmp_path, env=environment, stdin=stdin, stdout=stdout
        ) as process:
            try:
                yield process
            finally:
                if process.returncode is None:
                    process.kill()


async def said(process: Process, audio: bytes = b"") -> tuple[bytes, str]:
    """What comes of it: on standard output, and on the other one."""
    out, told = bytearray(), bytearray()

    async def read() -> None:
        assert process.stdout is not None
        async for data in process.stdout:
            out.extend(data)

    async def listen() -> None:
        assert process.stderr is not None
        async for data in process.stderr:
            told.extend(data)

    assert process.stdin is not None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        tasks.start_soon(listen)
        await process.stdin.send(audio)
        await process.stdin.aclose()
    assert await process.wait() == 0, told.decode()
    return bytes(out), told.decode()


def hum(format: AudioFormat, seconds: float) -> bytes:
    """Any audio but silence."""
    return bytes(range(1, 101)) * round(format.bytes_per_second * seconds / 100)


async def test_g711_goes_through_untouched_and_prints_go_elsewhere(
    tmp_path: Path,
) -> None:
    audio = hum(AudioFormat("ulaw", 8_000), 0.5)
    async with talking(tmp_path, "agents:straight", "--format", "ulaw") as process:
        out, told = await said(process, audio)
    assert out == audio
    assert "ulaw 8000 Hz\n" in told


@pytest.mark.slow
async def test_linear_audio_of_the_models_rate_is_not_resampled(tmp_path: Path) -> None:
    audio = hum(PCM, 0.5)
    async with talking(tmp_path, "agents:echo") as process:
        out, told = await said(process, audio)
    assert out == audio
    assert "what an app prints" in told


@pytest.mark.slow
async def test_another_rate_is_that_of_both_pipes(tmp_path: Path) -> None:
    format = AudioFormat("pcm16", 16_000)
    async with talking(tmp_path, "agents:echo", "--rate", "16000") as process:
        out, _ = await said(process, hum(format, 0.5))
    assert len(out) / format.bytes_per_second == pytest.approx(0.5, abs=0.01)


@pytest.mark.slow
async def test_files_do_as_well_as_pipes(tmp_path: Path) -> None:
    audio = hum(PCM, 0.5)
    source, sink = tmp_path / "question.raw", tmp_path / "answer.raw"
    source.write_bytes(audio)
    with source.open("rb") as read, sink.open("wb") as write:
        async with talking(
            tmp_path, "agents:echo", stdin=read.fileno(), stdout=write.fileno()
        ) as process:
            assert await process.wait() == 0
    assert sink.read_bytes() == audio


@pytest.mark.slow
async def test_without_an_app_the_assistant_answers_and_what_is_said_is_told(
    tmp_path: Path,
) -> None:
    wav, data = read_wav(Path(example_wav()))
    frames = Resample(24_000).feed(AudioFrame(data=data, format=wav))
    question = b"".join(each.data for each in frames)
    async with talking(tmp_path, "--simulator") as process:
        out, told = await said(process, question)
    assert len(out) / PCM.bytes_per_second > 2
    assert "you    (speech, 2.4 s)" in told
    assert "agent  I heard 2.4 seconds of speech.\n" in told


async def test_it_ends_when_nobody_reads_its_output(tmp_path: Path) -> None:
    async with talking(tmp_path, "agents:echo") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        await process.stdin.send(hum(PCM, 0.1))
        await process.stdout.receive(1)
        await process.stdout.aclose()
        try:
            while True:  # a microphone does not end
                await process.stdin.send(hum(PCM, 0.1))
        except (BrokenResourceError, ClosedResourceError):
            pass
        assert await process.wait() == 0
        assert process.stderr is not None
        assert b"Traceback" not in b"".join([each async for each in process.stderr])


async def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    async with talking(tmp_path, "agents:waits") as process:
        assert process.stderr is not None
        told = b""
        while b"waiting" not in told:
            told += await process.stderr.receive()
        process.send_signal(signal.SIGINT)
        told += b"".join([each async for each in process.stderr])
        assert await process.wait() == 130
    assert b"Traceback" not in told


@pytest.mark.slow
async def test_a_wav_file_is_not_taken_for_noise(tmp_path: Path) -> None:
    async with talking(tmp_path, "agents:echo") as process:
        assert process.stdin is not None
        assert process.stderr is not None
        await process.stdin.send(WAV[:1_000])
        told = b"".join([each async for each in process.stderr]).decode()
        assert await process.wait() == 1
    assert "got the header of a file: arecord takes -t raw" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rate", "8000"], "those of a pipe: add --stdin"),
        (["--stdin", "--microphone", "1"], "leave the devices out"),
        (["--stdin", "--headphones"], "leave the devices out"),
        (["--stdin", "--format", "ulaw", "--rate", "16000"], "leave --rate out"),
    ],
)
def test_what_cannot_be_is_told_with_the_cure(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["talk", *arguments]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redirected", "name"),
    [
        ("<&-", "standard input is closed"),
        ("0>/dev/null", "standard input is closed, or for writing"),
        ("</dev/null >&-", "standard output is closed"),
        ("</dev/null 1</dev/null", "standard output is closed, or for reading"),
    ],
)
def test_what_is_no_pipe_for_this_way_is_said_to_be_so(
    redirected: str, name: str
) -> None:
    command = f"exec {sys.executable} -m voxpipe talk --stdin --simulator {redirected}"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert name in done.stderr


@pytest.mark.parametrize("name", ["stdin", "stdout"])
def test_a_terminal_is_no_place_for_raw_audio(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = [*os.openpty(), *os.pipe()]
    with (
        os.fdopen(ends[1], "w+b", buffering=0) as terminal,
        os.fdopen(ends[2], "rb") as pipe,
    ):
        for each in ("stdin", "stdout"):
            monkeypatch.setattr(sys, each, terminal if each == name else pipe)
        with pytest.raises(talk.PipeError, match="is a terminal"):
            talk.run(
                Namespace(
                    stdin=True,
                    devices=False,
                    microphone=None,
                    loudspeaker=None,
                    headphones=False,
                    format=None,
                    rate=None,
                )
            )
    os.close(ends[0])
    os.close(ends[3])


@given(st.lists(st.binary(min_size=1, max_size=600), min_size=1, max_size=8))
def test_however_it_is_cut_all_of_it_comes_and_in_order(pieces: list[bytes]) -> None:
    async def carry() -> bytes:
        source, theirs = os.pipe()
        ours, sink = os.pipe()
        pipes = Pipes(source, sink, PCM)
        same = AtRate(pipes, PCM, PCM)
        try:
            for each in pieces:
                os.write(theirs, each)
            os.close(theirs)
            async for data in same:
                await same.send(data)
            os.close(sink)
            return os.read(ours, 65_536)
        finally:
            os.close(source)
            os.close(ours)

    whole = b"".join(pieces)
    if len(whole) > 1 and not whole.startswith((b"RIFF", b"fLaC", b"OggS")):
        assert anyio.run(carry) == whole[: len(whole) // 2 * 2]
