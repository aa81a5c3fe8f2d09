"""What holds of every drawing, whatever happens while it runs.

Each property is a function of a `Random`, which draws, runs and judges one graph.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random

from anyio import create_task_group, current_time, sleep
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.routes import Route
from voxpipe.pipeline.testing import cancelled_at, no_leaks

from ...processors.realtime.loops import Backend, run_virtually
from .drawing import LOSING, PLAIN, Drawing
from .parts import Bomb, Boom, Middle, Sink, Way, label_of

LIMIT = 3_600.0  # virtual seconds: far more than any of these takes
MOMENTS = (0.0, 0.001, 0.01, 0.05, 0.3, 1.0)  # virtual seconds from the start

Property = Callable[[Random], Awaitable[None]]


def hold(backend: Backend, property: Property, numbers: range) -> None:
    """See that a property holds of the graphs with these numbers.

    Raises:
        AssertionError: it does not; a note says of which, to be tried again alone.
    """

    async def try_all() -> None:
        async with no_leaks():
            for number in numbers:
                name = f"{property.__name__} {number}"
                try:
                    await property(Random(name))
                except BaseException as error:
                    error.add_note(f"in the graph {name!r} on {backend}")
                    raise

    run_virtually(backend, try_all)


async def arrives_whole(random: Random) -> None:
    """Each frame arrives once along each way, in order, and again in a second run."""
    drawing = Drawing(random)
    pipeline = drawing.pipeline()
    for _ in range(2):
        await finish(pipeline)
        for sink in drawing.sinks:
            _check_beginnings(drawing, sink, whole=True)


async def skips_cut_turns(random: Random) -> None:
    """No input delivers a frame of a cut turn; all frames of the others arrive."""
    # Boxes that hold frames back would rightly lose some: a turn's end resets them.
    drawing = Drawing(random, turns=3, boxes=(*PLAIN, *LOSING), leaving=False)
    cuts = [
        (turn, random.choice(MOMENTS), random.randint(0, 40))
        for turn in drawing.turns
        if random.random() < 0.7
    ]

    async def cut() -> None:
        start = current_time()
        for turn, moment, steps in sorted(cuts, key=lambda each: each[1]):
            await sleep(start + moment - current_time())
            for _ in range(steps):
                await checkpoint()
            turn.cut()

    async with create_task_group() as tasks:
        tasks.start_soon(cut)
        await finish(drawing.pipeline())
        tasks.cancel_scope.cancel()
    assert not sum(box.stale for box in (*drawing.middles, *drawing.sinks)), (
        "a frame of a cut turn was delivered"
    )
    for sink in drawing.sinks:
        for got, due in _arrivals(drawing, sink):
            for way, numbers in due.items():
                have = got.pop(way, [])
                assert have == sorted(set(have)), f"not once each, in order: {have}"
                turns = {n: drawing.writers[way[0]].frames[n].turn for n in numbers}
                kept = {n for n, turn in turns.items() if not (turn and turn.is_cut)}
                assert kept <= set(have) <= set(numbers), "lost, or come astray"
            assert not got, "frames came along ways that are not drawn"


async def names_what_fails(random: Random) -> None:
    """One box raises: that error alone comes out, and names it; then all runs again."""
    drawing = Drawing(random)
    guilty: Middle | Bomb
    if drawing.middles and random.random() < 0.3:
        guilty, name = random.choice(drawing.middles), "middle"
        guilty.fails_after = random.randint(0, 20)
    else:
        guilty, name = _planted_bomb(drawing, random), "bomb"

    pipeline, raised = drawing.pipeline(), False
    try:
        await finish(pipeline)
    except Boom as error:
        raised = True
        notes = [note for note in error.__notes__ if note.startswith("raised by")]
        assert len(notes) == 1, notes
        assert name in notes[0], notes
    assert raised == guilty.went_off, "the error did not come out"
    for sink in drawing.sinks:
        if raised:
            _check_order(drawing, sink)
        else:
            _check_beginnings(drawing, sink, whole=True)
    if raised:
        await finish(pipeline)
        for sink in drawing.sinks:
            _check_beginnings(drawing, sink, whole=True)


async def can_be_cancelled(random: Random) -> None:
    """It ends within a second of being cancelled; what has come is a beginning."""
    drawing = Drawing(random)
    pipeline, moment = drawing.pipeline(), random.choice(MOMENTS)
    began = current_time()
    match random.choice(("deadline", "outside", "step")):
        case "deadline":
            await pipeline.run(deadline=moment)
        case "outside":
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                await sleep(moment)
                tasks.cancel_scope.cancel()
        case _:
            moment = LIMIT  # it may wait for the clock between any two steps
            await cancelled_at(random.randint(0, 200), pipeline.run)
    assert current_time() - began <= moment + 1, "it went on after it was cancelled"
    for sink in drawing.sinks:
        _check_beginnings(drawing, sink, whole=False)


def _planted_bomb(drawing: Drawing, random: Random) -> Bomb:
    bomb = Bomb(random.choice(("feed", "flush")), random.randint(0, 20))
    at = random.randrange(len(drawing.routes))
    route = drawing.routes[at]
    drawing.routes[at] = Route(route.source, (*route.steps, bomb), route.sink)
    return bomb


# --- what they have in common


async def finish(pipeline: Pipeline) -> None:
    """Run it; it must end by itself, and have left nothing in its queues."""
    outcome = await pipeline.run(deadline=LIMIT)
    assert outcome == "finished", f"stood still: {', '.join(pipeline.unfinished)}"
    assert pipeline.unfinished == ()
    for name, counts in pipeline.stats().inputs.items():
        assert counts.depth == 0, f"{name} still holds {counts.depth}"


Numbers = dict[Way, list[int]]


def _arrivals(drawing: Drawing, sink: Sink) -> list[tuple[Numbers, Numbers]]:
    """What has come along each way into each input, and what was due."""
    found: list[tuple[Numbers, Numbers]] = []
    for port in sink.inputs():
        got: Numbers = {}
        for frame in sink.got.get(port.name, ()):
            label = label_of(frame)
            got.setdefault(label.way, []).append(label.number)
        found.append((got, drawing.due(port)))
    return found


def _check_order(drawing: Drawing, sink: Sink) -> None:
    # Not a beginning: of two that wait in a line when a run fails, the first may be
    # cancelled with its frame, while the second has just been let through.
    for got, due in _arrivals(drawing, sink):
        for way, numbers in got.items():
            assert numbers == sorted(set(numbers)), f"not in order: {numbers}"
            assert set(numbers) <= set(due.get(way, ())), f"come astray: {way}"


def _check_beginnings(drawing: Drawing, sink: Sink, *, whole: bool) -> None:
    for got, due in _arrivals(drawing, sink):
        for way, numbers in got.items():
            assert numbers == due.get(way, [])[: len(numbers)], f"{way}: {numbers}"
        if whole and sink.leaves_after is None:
            missing = [way for way in due if len(due[way]) > len(got.get(way, ()))]
            assert not missing, f"not all came along {missing}"
