"""A file that plays at any moment, and a disk for which nobody waits."""

from __future__ import annotations

import errno
import os
import stat
import threading
import wave
from io import FileIO
from pathlib import Path
from typing import Any

import anyio
import pytest

from voxpipe.pipeline.runtime.private import private_file
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.recorder.disk import HEADER, MAX_BLOCKS, Disk

RATE = 8_000
SECOND = bytes(range(1, 5)) * RATE  # of stereo


class StallingFile(FileIO):
    """A disk that takes audio only when it is let."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w")
        self.goes_on = threading.Event()

    def write(self, data: Any) -> int:
        if len(data) > HEADER:
            self.goes_on.wait(10)
        return super().write(data)


class FullFile(FileIO):
    """A disk with room for two and a half seconds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w")

    def write(self, data: Any) -> int:
        room = HEADER + len(SECOND) * 5 // 2 - self.tell()
        if room < len(data):
            super().write(bytes(data)[:room])
            raise OSError(errno.ENOSPC, "full")
        return super().write(data)


class SlowFile(FileIO):
    """A disk that takes a little at a time."""

    def write(self, data: Any) -> int:
        return super().write(bytes(data)[:1000])


def read(path: Path) -> bytes:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        assert file.getframerate() == RATE
        assert path.stat().st_size == HEADER + 4 * file.getnframes()
        return file.readframes(file.getnframes())


async def test_what_is_written_is_in_the_file_with_its_silences(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    disk = Disk(private_file(path), RATE)
    for block in (10, SECOND, 20, SECOND, 30):
        assert disk.write(block)
    await disk.close()
    assert disk.error is None
    assert read(path) == bytes(40) + SECOND + bytes(80) + SECOND + bytes(120)
    assert disk.lost == 0


async def test_nothing_written_is_a_file_that_plays_nothing(tmp_path: Path) -> None:
    await Disk(private_file(tmp_path / "call.wav"), RATE).close()
    assert read(tmp_path / "call.wav") == b""


async def test_the_file_plays_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    disk = Disk(private_file(path), RATE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(disk.run)
        disk.write(SECOND)
        disk.write(RATE)
        with anyio.fail_after(10):
            while path.stat().st_size < HEADER + 2 * len(SECOND):
                await anyio.lowlevel.checkpoint()
        assert read(path) in (SECOND, SECOND + bytes(4 * RATE))
        tasks.cancel_scope.cancel()
    await disk.close()


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        private_file(tmp_path / "call.wav").close()
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "call.wav").stat().st_mode) == 0o600


async def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(bytes(1_000_000))
    disk = Disk(private_file(path), RATE)
    disk.write(SECOND)
    await disk.close()
    assert read(path) == SECOND


async def test_a_disk_that_takes_a_little_at_a_time_gets_all(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    disk = Disk(SlowFile(path, "w"), RATE)
    disk.write(SECOND)
    await disk.close()
    assert read(path) == SECOND


async def test_what_a_slow_disk_cannot_take_becomes_silence(
    tmp_path: Path,
) -> None:
    path = tmp_path / "call.wav"
    file = StallingFile(path)
    disk = Disk(file, RATE)
    kept = [disk.write(SECOND) for _ in range(MAX_BLOCKS + 2)]
    assert kept == [True] * MAX_BLOCKS + [False] * 2
    assert disk.lost == 2 * RATE
    file.goes_on.set()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(disk.run)
        with anyio.fail_after(10):
            while not disk.write(SECOND):
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    await disk.close()
    silent = bytes(4 * disk.lost)
    assert read(path) == SECOND * MAX_BLOCKS + silent + SECOND


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_disk_that_hangs_does_not_hold_the_end_up(tmp_path: Path) -> None:
    file = StallingFile(tmp_path / "call.wav")
    disk = Disk(file, RATE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(disk.run)
        disk.write(SECOND)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    try:
        await disk.close(timeout=0.01)
    finally:
        file.goes_on.set()
    assert isinstance(disk.error, TimeoutError)
    assert disk.lost == RATE
    for thread in threading.enumerate():
        if thread.name == "recording":
            thread.join(10)
    assert read(tmp_path / "call.wav") == SECOND  # it did come to its end


async def test_a_full_disk_is_an_error_and_what_it_took_plays(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    disk = Disk(FullFile(path), RATE)
    for _ in range(4):
        disk.write(SECOND)
    with anyio.fail_after(10):
        await disk.run()
    assert isinstance(disk.error, OSError)
    assert not disk.write(SECOND)
    await disk.close()
    assert read(path) == SECOND * 2
    assert disk.lost == 3 * RATE


async def test_a_disk_that_is_full_at_the_end_says_so(tmp_path: Path) -> None:
    disk = Disk(FullFile(tmp_path / "call.wav"), RATE)
    for _ in range(3):
        disk.write(SECOND)
    await disk.close()
    assert isinstance(disk.error, OSError)
    assert read(tmp_path / "call.wav") == SECOND * 2
    assert disk.lost == RATE


async def test_beyond_four_gigabytes_the_header_says_the_most_it_can(
    tmp_path: Path,
) -> None:
    path = tmp_path / "call.wav"
    disk = Disk(private_file(path), RATE)
    disk.write(2**30)
    disk.write(SECOND)
    await disk.close()
    with FileIO(path) as file:
        start = file.read(HEADER)
    assert start[40:44] == start[4:8] == b"\xff" * 4
    assert path.stat().st_size == HEADER + 2**32 + len(SECOND)


async def test_a_file_that_cannot_be_written_is_an_error_at_once() -> None:
    async with no_leaks():
        with pytest.raises(OSError, match="space"):
            Disk(FileIO("/dev/full", "w"), RATE)
