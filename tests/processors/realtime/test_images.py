"""Pictures in a conversation: with or without words, whenever they are shown."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from anyio import sleep

from voxpipe.pipeline import Image
from voxpipe.simulator import Line, Script

from .call import QUICK, Call, call
from .loops import BACKENDS, Backend, run_virtually

PICTURE = Image.of_array(np.zeros((8, 8, 3), np.uint8), detail="low")
LOOKS = Script(
    replies=[
        Line(heard="What is this?", say="A very small and very black square."),
        Line(say="Still black."),
    ],
    timing=QUICK,
)
Plot = Callable[[Call], Coroutine[Any, Any, object]]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


def told(backend: Backend, show: Plot) -> tuple[list[tuple[str, str, int]], int]:
    """What was said and shown, and what the pictures have cost."""

    async def plot(phone_call: Call) -> None:
        await show(phone_call)
        await sleep(8.0)
        phone_call.phone.hang_up()

    async def conversation() -> Call:
        async with call(LOOKS) as phone_call:
            await phone_call.hold(plot)
        return phone_call

    phone_call = run_virtually(backend, conversation)
    assert phone_call.faults == []
    cost = sum(each.tokens.get("image_in", 0) for each in phone_call.usage)
    history = phone_call.model.history
    return [(entry.role, entry.text, entry.pictures) for entry in history], cost


SHOWN = ("user", "", 1)
ASKED = ("user", "What is this?", 0)
ANSWERED = ("agent", "A very small and very black square.", 0)


def test_a_picture_before_the_caller_speaks(backend: Backend) -> None:
    async def show(phone_call: Call) -> None:
        phone_call.model.send_image(PICTURE)
        await sleep(0.3)
        await phone_call.speak(1.0)

    history, cost = told(backend, show)
    assert history == [SHOWN, ASKED, ANSWERED]
    assert cost == 85


def test_a_picture_while_the_caller_speaks(backend: Backend) -> None:
    async def show(phone_call: Call) -> None:
        await sleep(0.3)
        await phone_call.speak(0.6)
        phone_call.model.send_image(PICTURE)
        await phone_call.speak(0.6)

    history, cost = told(backend, show)
    assert history == [SHOWN, ASKED, ANSWERED]
    assert cost == 85


def test_a_picture_while_the_model_speaks_is_for_the_next_reply(
    backend: Backend,
) -> None:
    async def show(phone_call: Call) -> None:
        await sleep(0.3)
        await phone_call.speak(1.0)
        await sleep(1.2)
        phone_call.model.send_image(PICTURE)
        await phone_call.model.ask().outcome()

    history, cost = told(backend, show)
    assert history == [ASKED, ANSWERED, SHOWN, ("agent", "Still black.", 0)]
    assert cost == 85


def test_a_picture_with_words_is_one_item_and_asks_for_nothing(
    backend: Backend,
) -> None:
    async def show(phone_call: Call) -> None:
        model = phone_call.model
        model.send_image(PICTURE, "What is this?")
        await sleep(5.0)
        assert len(model.history) == 1
        await model.ask().outcome()

    history, cost = told(backend, show)
    assert history == [("user", "What is this?", 1), ANSWERED]
    assert cost == 85


def test_a_picture_counts_when_old_turns_are_weighed(backend: Backend) -> None:
    async def show(phone_call: Call) -> None:
        phone_call.model.send_image(PICTURE)
        await sleep(1.0)
        assert phone_call.model.items.tokens > 500
        item = await phone_call.model.items.retrieve(
            next(iter(phone_call.model.history)).item_id
        )
        assert item.content is not None
        (part,) = item.content
        assert part.image_url is not None
        assert part.image_url.startswith("data:image/png;base64,")
        assert part.detail == "low"

    assert told(backend, show)[1] == 0
