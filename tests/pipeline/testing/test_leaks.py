"""no_leaks finds what was left, and is quiet when nothing was."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio import (
    create_memory_object_stream,
    create_task_group,
    sleep_forever,
    to_thread,
)

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.pipeline.testing import LeakError, Probe, Source, no_leaks


@pytest.fixture
def later() -> Iterator[ExitStack]:
    """Closes after the test what the test has left open."""
    with ExitStack() as stack:
        yield stack


async def test_a_pipeline_that_has_ended_leaves_nothing() -> None:
    frame = AudioFrame(data=bytes(320), format=AudioFormat("pcm16", 8_000))
    async with no_leaks():
        source, probe = Source([frame] * 100), Probe()
        await Pipeline(source.output >> probe.input).run()
    assert len(probe.frames) == 100


async def test_what_was_there_before_is_nobodys_leak(later: ExitStack) -> None:
    for stream in create_memory_object_stream[int](1):
        later.callback(stream.close)
    later.enter_context(socket.socket())
    async with create_task_group() as tasks:
        tasks.start_soon(sleep_forever)
        async with no_leaks():
            pass
        tasks.cancel_scope.cancel()


async def test_what_was_closed_again_is_no_leak(tmp_path: Path) -> None:
    async with no_leaks():
        with socket.socket(), (tmp_path / "file").open("w"):
            pass
        send, receive = create_memory_object_stream[int](1)
        send.close()
        receive.close()
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        assert await to_thread.run_sync(int) == 0  # anyio keeps that thread for later
        async with create_task_group() as tasks:
            tasks.start_soon(sleep_forever)
            tasks.cancel_scope.cancel()


async def test_a_task_that_still_runs_is_found_by_its_name() -> None:
    async with create_task_group() as tasks:
        with pytest.raises(LeakError, match=r"^left behind: task forgotten$"):
            async with no_leaks():
                tasks.start_soon(sleep_forever, name="forgotten")
        tasks.cancel_scope.cancel()


async def test_an_open_stream_is_found_at_each_end(later: ExitStack) -> None:
    async def run() -> None:
        async with no_leaks():
            send, receive = create_memory_object_stream[int](1)
            later.callback(send.close)
            later.callback(receive.close)

    with pytest.raises(LeakError) as caught:
        await run()
    for end in ("MemoryObjectSendStream", "MemoryObjectReceiveStream"):
        assert f"unclosed {end}" in str(caught.value)


async def test_half_a_stream_is_a_leak_too(later: ExitStack) -> None:
    only = r"^left behind: unclosed MemoryObjectSend\w+$"

    async def run() -> None:
        async with no_leaks():
            send, receive = create_memory_object_stream[int](1)
            later.callback(send.close)
            receive.close()

    with pytest.raises(LeakError, match=only):
        await run()


async def test_an_open_socket_and_an_open_file_are_found(
    later: ExitStack, tmp_path: Path
) -> None:
    async def run() -> None:
        async with no_leaks():
            later.enter_context(socket.socket())
            later.enter_context((tmp_path / "forgotten.wav").open("wb"))

    with pytest.raises(LeakError) as caught:
        await run()
    assert "-> socket:[" in str(caught.value)
    assert "forgotten.wav" in str(caught.value)


async def test_a_thread_that_still_runs_is_found_unless_it_is_a_daemon(
    later: ExitStack,
) -> None:
    end = threading.Event()
    quiet = threading.Thread(target=end.wait, name="quiet", daemon=True)
    later.callback(quiet.join)
    loud = threading.Thread(target=end.wait, name="loud")
    later.callback(loud.join)
    later.callback(end.set)  # called first

    async def run() -> None:
        async with no_leaks():
            quiet.start()
            loud.start()

    with pytest.raises(LeakError, match=r"^left behind: thread loud$"):
        await run()


async def test_an_error_inside_is_what_one_sees(later: ExitStack) -> None:
    async def run() -> None:
        async with no_leaks():
            streams: tuple[Any, ...] = create_memory_object_stream[int](1)
            for stream in streams:
                later.callback(stream.close)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run()
