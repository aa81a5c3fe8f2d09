"""Row 8: how long a service that is silent, line and all, is taken for there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from anyio import create_task_group, current_time, fail_after, sleep, sleep_forever

from voxpipe.pipeline import Pipeline, TransportError
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.transports import MemoryPhone

from ..processors.realtime.server import SESSION, Line, serving
from .row import Figure

LIMIT = 5.0  # seconds
SLACK = 0.1  # seconds; several of these share a loop, and a loop has its grain
MOMENTS = (0.0, 0.7, 1.3, 2.4, 2.6, 4.4)  # seconds from the last event but one

Talk = Callable[[Line], Awaitable[None]]


async def while_connecting(line: Line) -> None:
    """It takes the connection, and no more."""


async def while_greeting(line: Line) -> None:
    """It answers the upgrade, and no more."""
    await line.accept()


async def while_configuring(line: Line) -> None:
    """It takes no settings."""
    await line.accept()
    await line.send("session.created", session=SESSION)


def in_a_call(moment: float) -> Talk:
    """Some time after the session was configured, and a last event."""

    async def talk(line: Line) -> None:
        await line.ready()
        async with create_task_group() as tasks:
            tasks.start_soon(line.gone)  # which answers pings
            await sleep(moment)
            tasks.cancel_scope.cancel()
        await line.send("rate_limits.updated", rate_limits=[])

    return talk


async def noticed_after(talk: Talk) -> float:
    """Seconds from the service's last byte until its loss is told."""
    last = 0.0

    async def fall_silent(line: Line) -> None:
        nonlocal last
        await talk(line)
        last = current_time()
        await sleep_forever()

    async with serving(fall_silent) as url:
        try:
            with fail_after(30):
                await hold(url)
        except (TransportError, TimeoutError):
            return current_time() - last
    raise AssertionError("the call ended as if nothing was wrong")


async def hold(url: str) -> None:
    """A call in which the caller says nothing, and whose end is told at once."""
    service = Service(base_url=url, api_key="sk-test")
    async with open_session(service=service, reconnect=None) as session:
        model, phone = Realtime(session), MemoryPhone(PCM_24K, background="silence")
        await Pipeline(phone.heard >> model.hears, model.says >> phone.speaks).run()


async def every_case() -> dict[str, float]:
    """All at once, each with a service of its own."""
    cases: dict[str, Talk] = {
        each.__name__: each
        for each in (while_connecting, while_greeting, while_configuring)
    }
    cases |= {f"{moment:g} s into a call": in_a_call(moment) for moment in MOMENTS}
    took: dict[str, float] = {}

    async def note(name: str, talk: Talk) -> None:
        took[name] = await noticed_after(talk)

    async with create_task_group() as tasks:
        for name, talk in cases.items():
            tasks.start_soon(note, name, talk)
    return took


def half_open() -> Figure:
    """The longest of all cases."""
    took = anyio.run(every_case)
    worst = max(took, key=took.__getitem__)
    said = (
        f"{len(took)} moments: at most {took[worst]:.2f} s, {worst.replace('_', ' ')}"
    )
    return Figure(said, kept=took[worst] <= LIMIT + SLACK)
