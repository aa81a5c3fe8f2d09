"""Rows of random graphs: what is promised of all of them, tried on some hundreds."""

from __future__ import annotations

from ..pipeline.graphs.properties import (
    Property,
    can_be_cancelled,
    hold,
    names_what_fails,
    skips_cut_turns,
)
from ..pipeline.graphs.replies import plays_what_it_says
from ..processors.realtime.loops import BACKENDS
from .row import Figure

FIRST = 20_000  # others than those that the tests try


def holds_of(graphs: int, *properties: Property) -> Figure:
    """Try properties on as many graphs and on both loops."""
    for backend in BACKENDS:
        for each in properties:
            try:
                hold(backend, each, range(FIRST, FIRST + graphs))
            except BaseException as error:  # noqa: BLE001  # whatever they raise
                where = getattr(error, "__notes__", ["somewhere"])[-1]
                return Figure(f"{error!r:.80}, {where}", kept=False)
    total = len(BACKENDS) * len(properties) * graphs
    return Figure(f"{total:,} of {total:,} random graphs", kept=True)


def control_frames(graphs: int = 400) -> Figure:
    """No text and no end of a reply is lost or doubled by a cut."""
    return holds_of(graphs, skips_cut_turns, plays_what_it_says)


def cancelled(graphs: int = 500) -> Figure:
    """Cancelled at random moments, or between two steps: it ends, nothing is left."""
    return holds_of(graphs, can_be_cancelled)


def named(graphs: int = 500) -> Figure:
    """Whichever box of a graph raises, it is the one that is named."""
    return holds_of(graphs, names_what_fails)
