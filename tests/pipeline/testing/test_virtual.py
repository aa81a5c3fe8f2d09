"""Virtual time passes as fast as the work allows."""

from __future__ import annotations

import sys

import anyio
import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.pipeline.testing import Probe, Source, run_virtual, virtual_backend

PCM = AudioFormat("pcm16", 8_000)


async def measured(seconds: float) -> float:
    began = anyio.current_time()
    await anyio.sleep(seconds)
    return anyio.current_time() - began


def test_what_the_function_returns_comes_back() -> None:
    assert run_virtual(measured, 3_600.0) == pytest.approx(3_600.0)


def test_what_the_function_raises_comes_out() -> None:
    async def fail() -> None:
        await anyio.sleep(10)
        raise LookupError

    with pytest.raises(LookupError):
        run_virtual(fail)


def test_a_deadline_passes_in_virtual_time_too() -> None:
    async def late() -> bool:
        with anyio.move_on_after(60) as scope:
            await anyio.sleep_forever()
        return scope.cancelled_caught

    assert run_virtual(late)


async def test_inside_of_another_run_it_says_what_to_do_instead() -> None:
    with pytest.raises(RuntimeError, match=r"plain `def`.*`await measured\(…\)`"):
        run_virtual(measured, 1.0)


@pytest.mark.parametrize("anyio_backend", [virtual_backend()], ids=["virtual"])
async def test_a_test_can_run_in_virtual_time(
    anyio_backend: tuple[str, dict[str, object]],
) -> None:
    assert anyio_backend[0] == "trio"
    assert await measured(86_400.0) == pytest.approx(86_400.0)


@pytest.mark.slow
def test_five_minutes_of_a_call_take_as_long_as_their_work() -> None:
    # In real time the watchdog of this suite (120 s) would end it.
    frame = AudioFrame(data=PCM.silence(0.02), format=PCM)
    source, probe = Source([frame] * 15_000, pace="real time"), Probe()
    run_virtual(Pipeline(source.output >> probe.input).run)
    assert len(probe.frames) == 15_000
    assert probe.times[-1] - probe.times[0] == pytest.approx(299.98)


def test_without_trio_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trio.testing", None)  # as if it were not there
    with pytest.raises(ImportError) as caught:
        run_virtual(measured, 1.0)
    assert str(caught.value) == "virtual time is trio's: pip install 'voxpipe[trio]'"
