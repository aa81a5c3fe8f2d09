"""Apps that fail: the caller hears it, and the log says where."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anyio import create_task_group, sleep, sleep_forever

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Pipeline,
    Processor,
    SessionLost,
    TransportError,
    Turn,
)
from voxpipe.pipeline.testing import Source, no_leaks
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.apology import SORRY, fitted, read_clip
from voxpipe.transports.wav import WavError
from voxpipe.transports.wav_writer import WavWriter

from .calling import Run, Told, called, cut_off
from .testing.agents import PCM, ULAW, parrot, speech

SAID = "my PIN is 4711"
CLIP = read_clip(SORRY)


async def falls_apart(call: Call) -> None:
    """The app whose tasks fail when they are to end, and some of them do end."""
    async with create_task_group() as tasks:
        tasks.start_soon(at_the_end)
        tasks.start_soon(sleep_forever)
        await sleep_forever()


async def at_the_end() -> None:
    try:
        await sleep_forever()
    finally:
        raise ValueError(SAID)


async def at_once(call: Call) -> None:
    """The app that fails before it has a pipeline."""
    raise ValueError(SAID)


async def at_work(call: Call) -> None:
    """The app whose pipeline fails, while it speaks."""

    class Model(Processor):
        hears = Input[AudioFrame]()

        async def run(self) -> None:
            await sleep(1)
            raise KeyError(SAID)

    turn = Turn()
    said = AudioFrame(data=bytes([0x10]) * 24_000, format=ULAW, turn=turn)
    source = Source([said])
    source.output.format = ULAW
    await Pipeline(call.heard >> Model().hears, source.output >> call.speaks).run()


@pytest.mark.parametrize("app", [at_once, at_work])
def test_a_caller_whose_app_fails_hears_an_apology(
    in_time: Run, told: Told, caplog: pytest.LogCaptureFixture, app: Any
) -> None:
    async def scene() -> bytes:
        async with no_leaks(), called(Switchboard(app)) as caller:
            heard = await caller.listen(pause=1.0)
            await caller.wait_closed()
        assert (caller.ended, caller.close_code) == ("agent", 1000)
        return heard.data

    assert in_time(scene).endswith(CLIP.data.rstrip(b"\xff\x7f")[-8_000:])
    assert [end for end, *_ in told()] == ["failed"]
    (error,) = (each for each in caplog.records if each.levelname == "ERROR")
    text = error.getMessage()
    assert ("ValueError" if app is at_once else "KeyError") in text
    assert "test_apology.py:" in text
    assert ("raised by the box 'model'" in text) is (app is at_work)
    assert SAID not in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        TransportError(SAID),
        SessionLost(SAID, code=1011, reason=SAID),
        ExceptionGroup(SAID, [SessionLost(SAID), TransportError(SAID)]),
    ],
    ids=["not reached", "lost", "a group"],
)
def test_a_caller_whose_model_is_gone_hears_an_apology(
    in_time: Run, told: Told, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async def app(call: Call) -> None:
        raise error

    async def scene() -> bytes:
        async with called(Switchboard(app)) as caller:
            heard = await caller.listen(pause=1.0)
            await caller.wait_closed()
        return heard.data

    assert in_time(scene) == CLIP.data
    assert [(end, turns) for end, _, turns, _ in told()] == [("model", "0")]
    ours = [each for each in caplog.records if each.name == "voxpipe.calls"]
    assert [each.levelname for each in ours] == ["WARNING", "INFO"]
    assert SAID not in caplog.text


def test_the_server_goes_on_when_apps_fail(in_time: Run, told: Told) -> None:
    apps = [at_once, at_once, parrot]

    async def app(call: Call) -> None:
        await apps.pop(0)(call)

    async def scene() -> None:
        board = Switchboard(app)
        for _ in range(2):
            async with called(board) as caller:
                await caller.listen(pause=1)
        async with called(board) as caller:
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)

    in_time(scene)
    assert [end for end, *_ in told()] == ["failed", "failed", "caller"]


def test_an_apology_can_be_left_out(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        async with called(Switchboard(at_once, apology=None)) as caller:
            await caller.wait_closed()
        assert caller.measured.messages == 0

    in_time(scene)
    assert [end for end, *_ in told()] == ["failed"]


def test_an_apology_can_be_ones_own(in_time: Run, tmp_path: Path) -> None:
    own = bytes([0x10, 0x90]) * 4_000
    with (
        (tmp_path / "sorry.wav").open("wb") as file,
        WavWriter(file, ULAW) as wav,
    ):
        wav.write(own)

    async def scene() -> bytes:
        board = Switchboard(at_once, apology=tmp_path / "sorry.wav")
        async with called(board) as caller:
            return (await caller.listen()).data

    assert in_time(scene) == own


@pytest.mark.parametrize("encoding", ["pcm16", "ulaw", "alaw"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_an_apology_is_heard_in_whatever_format_a_call_has(
    encoding: Any, rate: int
) -> None:
    wanted = AudioFormat(encoding, rate)
    hum = np.sin(np.arange(8_000) * (2 * np.pi * 400 / 8_000)) * 8_000
    clip = AudioFrame(data=hum.astype("<i2").tobytes(), format=PCM)
    ulaw = fitted(clip, ULAW)
    found = fitted(ulaw, wanted)
    assert found.format == wanted
    assert found.duration == pytest.approx(1.0)
    back = fitted(found, AudioFormat("pcm16", rate)).samples
    ideal = np.sin(np.arange(rate) * (2 * np.pi * 400 / rate)) * 8_000
    error = np.sqrt(np.mean((back[:-10] - ideal[:-10]) ** 2))
    assert error < 300  # of 8,000: mu-law alone makes 150


def test_an_apology_of_two_channels_is_not_played_and_says_why(
    in_time: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        (tmp_path / "sorry.wav").open("wb") as file,
        WavWriter(file, AudioFormat("pcm16", 8_000, 2)) as wav,
    ):
        wav.write(bytes(16_000))

    async def scene() -> None:
        board = Switchboard(at_once, apology=str(tmp_path / "sorry.wav"))
        async with called(board) as caller:
            await caller.wait_closed()
        assert caller.ended == "agent"

    in_time(scene)
    assert "no apology: WiringError" in caplog.text


def test_an_apology_that_is_no_recording_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"sorry\.wav"):
        Switchboard(parrot, apology=tmp_path / "sorry.wav")
    (tmp_path / "sorry.wav").write_bytes(b"sorry")
    with pytest.raises(WavError):
        Switchboard(parrot, apology=tmp_path / "sorry.wav")


def test_an_apology_ends_when_its_caller_hangs_up(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        async with called(Switchboard(at_once)):
            await sleep(1)

    in_time(scene)
    assert [(end, seconds) for end, seconds, *_ in told()] == [("failed", "1.0")]


def test_nobody_apologises_to_a_caller_who_is_gone(in_time: Run, told: Told) -> None:
    async def app(call: Call) -> None:
        await parrot(call)
        raise TransportError(SAID)

    async def scene() -> None:
        async with called(Switchboard(app)) as caller:
            await sleep(1)
        assert caller.measured.messages == 0

    in_time(scene)
    assert [(end, seconds) for end, seconds, *_ in told()] == [("caller", "1.0")]


def test_an_app_that_fails_because_it_was_ended_is_not_apologised_for(
    in_time: Run, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(call: Call) -> None:
        await at_the_end()

    async def scene() -> None:
        for each in (app, falls_apart):
            async with called(Switchboard(each, idle_limit=5)) as caller:
                await caller.wait_closed()
            assert caller.close_code == 1000
            assert caller.measured.messages == 0

    in_time(scene)
    assert [end for end, *_ in told()] == ["idle", "idle"]
    assert caplog.text.count("ValueError") == 2
    assert SAID not in caplog.text


def test_an_app_that_fails_because_its_server_ends_keeps_that_to_itself(
    in_time: Run, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    in_time(partial(cut_off, Switchboard(falls_apart)))
    assert [end for end, *_ in told()] == ["failed"]
    assert "ValueError" in caplog.text
    assert SAID not in caplog.text
