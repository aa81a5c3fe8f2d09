"""Random drawings under random events, on both event loops, in virtual time.

Each property is tried on broken variants of the pipeline too, which it has to notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from anyio import CancelScope, sleep

from voxpipe.pipeline import Output, Turn, guilt
from voxpipe.pipeline.fused import Node, Tree
from voxpipe.pipeline.queue import EMPTY, ENDED, Delivery, Queue

from ...processors.realtime.loops import BACKENDS, Backend
from .parts import Writer
from .properties import (
    Property,
    arrives_whole,
    can_be_cancelled,
    hold,
    names_what_fails,
    skips_cut_turns,
)
from .replies import plays_what_it_says

FEW, MORE, MANY = 12, 40, 1_000  # graphs of each property and loop
PROPERTIES = (
    arrives_whole,
    skips_cut_turns,
    names_what_fails,
    can_be_cancelled,
    plays_what_it_says,
)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("property", PROPERTIES)
@pytest.mark.parametrize(
    "graphs", [range(FEW), pytest.param(range(FEW, MORE), marks=pytest.mark.slow)]
)
def test_it_holds_of_every_graph(
    property: Property,
    backend: Backend,
    graphs: range,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hold(backend, property, graphs)
    assert caplog.messages == []  # that it stands still, above all


@pytest.mark.soak
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("first", range(MORE, MANY, 120))
@pytest.mark.parametrize("property", PROPERTIES)
def test_it_holds_of_a_thousand_graphs(
    property: Property, first: int, backend: Backend
) -> None:
    hold(backend, property, range(first, first + 120))


# --- what these tests have to notice


def take_whatever_is_there(queue: Any) -> Any:
    """Delivers what it has, as most queues do: of cut turns, too."""
    if queue.depth:
        frame = queue._pop()
        queue.depth -= 1
        queue._seconds -= frame.duration
        queue._wake_writer()
        queue.delivered += 1
        return frame
    return ENDED if queue.finished or not queue.writers else EMPTY


async def deliver_beside_the_line(
    output: Output[Any], deliveries: Iterable[Delivery]
) -> None:
    for queue, frame in deliveries:
        if not queue.put_nowait(frame):
            await queue.put_later(frame)


def swallow_errors(node: Any, frame: Any) -> None:
    with suppress(Exception):
        for made in node._feed(frame):
            node._next(made)


async def linger(writer: Writer) -> None:
    with CancelScope(shield=True):
        await sleep(100)


def play_no_more_than_half(turn: Any, position: float, basis: Any) -> None:
    turn._played = position / 2


def do_nothing(*_: object) -> tuple[()]:
    return ()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("property", "place", "name", "broken"),
    [
        (skips_cut_turns, Queue, "take_nowait", take_whatever_is_there),
        (arrives_whole, Output, "_wait_for_room", deliver_beside_the_line),
        (arrives_whole, Tree, "flush", do_nothing),
        (names_what_fails, Node, "push", swallow_errors),
        (names_what_fails, guilt, "blame", do_nothing),
        (can_be_cancelled, Writer, "run", linger),
        (plays_what_it_says, Turn, "finish", do_nothing),
        (plays_what_it_says, Turn, "note_played", play_no_more_than_half),
    ],
)
def test_it_does_not_hold_of_a_broken_pipeline(
    property: Property,
    place: Any,
    name: str,
    broken: Any,
    backend: Backend,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(place, name, broken)
    with pytest.raises(AssertionError):  # noqa: PT012  # the sooner the better
        for first in range(0, 8 * MORE, 20):
            hold(backend, property, range(first, first + 20))
