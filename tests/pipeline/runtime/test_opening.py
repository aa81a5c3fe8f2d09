"""What is opened for a block says so to whoever opens it otherwise."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from voxpipe.pipeline.runtime.opening import opened_by_block
from voxpipe.processors.realtime import (
    Realtime,
    open_session,
    open_transcription,
    open_translation,
)
from voxpipe.processors.realtime.rest import open_rest


@opened_by_block
async def a_door(name: str) -> AsyncGenerator[str]:
    """Give its name."""
    try:
        yield name
    except KeyError:
        yield "never"


async def test_it_is_open_for_a_block_and_sees_how_that_ends() -> None:
    async with a_door("front") as name:
        assert name == "front"
    with pytest.raises(ValueError, match="of the block"):
        async with a_door("back"):
            raise ValueError("of the block")
    assert a_door.__name__ == "a_door"
    assert a_door.__doc__ == "Give its name."


@pytest.mark.parametrize(
    "door",
    [
        open_session,
        open_transcription,
        lambda: open_translation(language="de"),
        open_rest,
    ],
)
async def test_a_door_that_is_awaited_says_how_it_is_opened(door: Any) -> None:
    with pytest.raises(TypeError, match=r"open_\w+\(\) is not awaited: write `async"):
        await door()
    with pytest.raises(TypeError, match="not opened with a plain `with`"), door():
        pass


def test_a_door_says_to_who_takes_it_for_the_room_that_it_is_shut() -> None:
    forgotten: Any = open_session()
    with pytest.raises(AttributeError, match=r"is not opened yet: write `async with"):
        Realtime(forgotten)
