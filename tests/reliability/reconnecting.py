"""Rows 5, 6, 7, 9 and 11: a session is lost, and the call goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from random import Random

import anyio
from anyio import create_task_group

from benchmarks.barge_in import percentile
from voxpipe.pipeline import Pipeline, VoxpipeError
from voxpipe.pipeline.errors import leaves_of
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Realtime, Reconnect, Service, open_session
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.simulator import Script, Simulator, ToneVoice
from voxpipe.simulator.script.faults import Close, Expired
from voxpipe.transports import MemoryPhone

from ..processors.realtime.cuts import (
    APPEND,
    AUDIBLE,
    HOW,
    LONG,
    STATES,
    Cut,
    Plan,
    Sessions,
    plans,
)
from ..processors.realtime.loops import BACKENDS, Backend, run_virtually
from ..processors.realtime.test_reconnecting_anywhere import ACTS, Act, Talk
from ..processors.realtime.test_storms import CALLS, RETRY_AFTER, Provider, busy, call
from .row import Figure

TOGETHER = 10  # calls
WINDOW = 0.1  # seconds
PAUSES = (0.0, 0.1, 0.5, 1.5, 4.0)  # seconds


Cases = Mapping[str, tuple[list[Plan], Backend]]
"""By name: the sessions of a conversation, and the loop that it is held on."""


def in_any_state() -> Figure:
    """Fifteen states, four ways, on the loops by turns: what has gone on, and how."""
    ways = [(state, how) for state in STATES for how in HOW]
    turns = [n + n // len(HOW) for n in range(len(ways))]  # not always the same ways
    return counted(
        {
            f"{state}, {how}": (plans(state, how), BACKENDS[turn % 2])
            for turn, (state, how) in zip(turns, ways, strict=True)
        }
    )


def counted(cases: Cases) -> Figure:
    """How many of these conversations have gone on, sample by sample."""
    wrong: list[str] = []
    lost = doubled = runs = 0
    for name, (sessions, backend) in cases.items():
        conversation = Cut(Sessions(*sessions))
        why = failure_of(partial(run_virtually, backend, conversation.hold))
        samples = conversation.samples
        lost += len(AUDIBLE.keys() - samples.keys())
        doubled += sum(count - 1 for count in samples.values())
        runs += max(0, conversation.runs - 1)
        if (
            why
            or samples != AUDIBLE
            or conversation.runs != 1
            or not goes_on(conversation)
        ):
            wrong.append(f"{name} on {backend} {why}")
    said = (
        f"{len(cases) - len(wrong)} of {len(cases)}, {lost} samples lost, {doubled} "
        f"doubled, {runs} tools run again"
    )
    return Figure(said + (f"; not {wrong[0]}" if wrong else ""), kept=not wrong)


def goes_on(conversation: Cut) -> bool:
    """The history is what was said, and nothing stale was heard."""
    kinds = [kind for _, kind, _ in conversation.items]
    if kinds != ["message", "function_call", "function_call_output", *["message"] * 3]:
        return False
    heard, played = conversation.heard, conversation.played
    said = conversation.items[3][2]
    return LONG.startswith(said) and abs(heard - played) < 0.001


def failure_of(run: Callable[[], object]) -> str:
    """What a run raises, in short."""
    try:
        run()
    except (VoxpipeError, AssertionError, TimeoutError, ExceptionGroup) as error:
        return type(next(leaves_of(error))).__name__
    return ""


def anywhere(conversations: int = 240) -> Figure:
    """Conversations of any kind, each lost at one to three messages, in either way."""
    cuts = 0
    wrong: list[str] = []
    for number in range(conversations):
        random = Random(f"lost {number}")
        acts: list[tuple[Act, float]] = [
            (random.choice(ACTS), random.choice(PAUSES))
            for _ in range(random.randint(1, 6))
        ]
        talk = Talk(acts, [random.randint(3, 500) for _ in range(random.randint(1, 3))])

        def hold(talk: Talk = talk, backend: Backend = BACKENDS[number % 2]) -> None:
            run_virtually(backend, talk.hold)
            talk.check()

        why = failure_of(hold)
        cuts += talk.connect.opened - 1
        if why:
            wrong.append(f"{number}: {why}")
    said = f"{conversations - len(wrong)} of {conversations} conversations, {cuts} cuts"
    return Figure(said + (f"; not {wrong[0]}" if wrong else ""), kept=not wrong)


def soon(calls: int = 40) -> Figure:
    """Over sockets: the time from the loss to a session that was told everything."""
    seconds: list[float] = []

    async def one(url: str) -> None:
        service = Service(base_url=url, api_key="sk-test")
        async with open_session(service=service) as session:
            model, told = Realtime(session), Probe()
            phone = MemoryPhone(PCM_24K, background="silence")
            pipeline = Pipeline(
                phone.heard >> model.hears,
                model.says >> phone.speaks,
                model.reconnected >> told.input,
            )
            await pipeline.run(deadline=3.0)
            seconds.extend(each.seconds for each in told.frames)

    async def all_calls() -> None:
        fault = Close(at=APPEND, after=20, code=1012, sessions=TOGETHER)
        for _ in range(calls // TOGETHER):
            async with (
                Simulator(Script(faults=[fault]), ToneVoice()) as simulator,
                create_task_group() as tasks,
            ):
                for _ in range(TOGETHER):
                    tasks.start_soon(one, simulator.url)

    anyio.run(all_calls)
    p95 = percentile(seconds, 95)
    said = f"p95 {p95:.2f} s, at most {max(seconds):.2f} s, of {len(seconds)} losses"
    return Figure(said, kept=p95 <= 1.0 and len(seconds) == calls)


def an_hour() -> Figure:
    """The service closes a session at its hour, in mid-speech and in mid-reply."""
    moments = {
        "while the caller speaks": (APPEND, 45),
        "in a reply": ("response.output_audio.delta", 5),
        "in a pause": (APPEND, 10),
    }
    return counted(
        {
            f"{name}, {backend}": ([[Expired(at=at, after=after)], []], backend)
            for name, (at, after) in moments.items()
            for backend in BACKENDS
        }
    )


def storm(calls: int = CALLS) -> Figure:
    """All lost at one moment, and then refused with Retry-After."""
    providers = [Provider(busy()) for _ in range(calls)]

    async def all_calls() -> None:
        async with create_task_group() as tasks:
            for each in providers:
                tasks.start_soon(call, each, Reconnect(), 12.0)

    run_virtually("trio", all_calls)
    attempts = sorted(at for each in providers for at in each.tried)
    together = max(
        sum(at <= each < at + WINDOW for each in attempts) for at in attempts
    )
    tries = Counter(len(each.tried) for each in providers)
    early = sum(
        each.tried[1] - each.tried[0] < RETRY_AFTER - 1e-6
        for each in providers
        if len(each.tried) > 1
    )
    share = together / len(attempts)
    said = (
        f"{share:.1%} of {len(attempts)} attempts in any 100 ms, {max(tries)} tries a "
        f"call at most, {early} before Retry-After"
    )
    return Figure(said, kept=share <= 0.1 and max(tries) <= 5 and not early)
