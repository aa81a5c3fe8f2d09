"""A provider restarts, and many calls are lost at one moment: no storm follows."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import Pipeline, SessionLost, TransportError
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import (
    Connection,
    Realtime,
    Reconnect,
    Service,
    SessionRefused,
    open_session,
)
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.connect import Address
from voxpipe.simulator import Script, connect_in_memory
from voxpipe.transports import MemoryPhone

from ...matrix import mostly_slow
from .loops import BACKENDS, Backend, run_virtually

CALLS = 200
RETRY_AFTER = 2.0
KEY = Service(api_key="sk-test")
both_loops = pytest.mark.parametrize("backend", BACKENDS)


class Provider:
    """A service of which the first session of a call ends after a second.

    Args:
        refusals: why each call is refused after that, one after the other.
        lifetime: of the sessions that follow.

    Attributes:
        tried: when it was asked for another session.
    """

    needs_key = False

    def __init__(self, *refusals: Exception, lifetime: float = 3600.0) -> None:
        self._refusals = list(refusals)
        self._lifetime: float | None = None
        self._later = lifetime
        self.tried: list[float] = []

    @asynccontextmanager
    async def __call__(self, address: Address) -> AsyncGenerator[Connection]:
        lifetime, self._lifetime = self._lifetime, self._later
        if lifetime is None:
            lifetime = 1.0
        else:
            self.tried.append(current_time())
            if self._refusals:
                raise self._refusals.pop(0)
        async with connect_in_memory(Script(), lifetime=lifetime) as connection:
            yield connection


async def call(provider: Provider, reconnect: Reconnect, seconds: float) -> Probe:
    """A call in which nobody says anything."""
    async with open_session(
        connect=provider, service=KEY, reconnect=reconnect
    ) as session:
        model, phone, probe = Realtime(session), MemoryPhone(PCM_24K), Probe()
        pipeline = Pipeline(
            phone.heard >> model.hears,
            model.says >> phone.speaks,
            model.reconnected >> probe.input,
        )
        async with create_task_group() as tasks:
            tasks.start_soon(hang_up, phone, seconds)
            try:
                await pipeline.run()
            finally:
                tasks.cancel_scope.cancel()
    return probe


async def hang_up(phone: MemoryPhone, seconds: float) -> None:
    await sleep(seconds)
    phone.hang_up()


def busy() -> SessionRefused:
    return SessionRefused("busy", "slow_down", status=429, retry_after=RETRY_AFTER)


@pytest.mark.parametrize("backend", mostly_slow(BACKENDS, "asyncio".__eq__))
def test_two_hundred_calls_come_back_one_after_the_other(backend: Backend) -> None:
    providers = [Provider(busy()) for _ in range(CALLS)]

    async def all_calls() -> None:
        async with create_task_group() as tasks:
            for each in providers:
                tasks.start_soon(call, each, Reconnect(), 12.0)

    run_virtually(backend, all_calls)
    attempts = sorted(at for each in providers for at in each.tried)
    assert len(attempts) == 2 * CALLS
    for at in attempts:
        together = [each for each in attempts if at <= each < at + 0.1]
        assert len(together) <= len(attempts) / 10
    for each in providers:
        first, second = each.tried
        assert second - first > RETRY_AFTER - 1e-6  # a float is not exact


def held(backend: Backend, provider: Provider, patience: float = 30.0) -> Probe:
    return run_virtually(backend, call, provider, Reconnect(patience), 40.0)


@both_loops
def test_what_cannot_be_mended_is_tried_once_and_told_as_it_is(
    backend: Backend,
) -> None:
    refusal = SessionRefused("no credit", "insufficient_quota", status=429)
    provider = Provider(refusal)
    with pytest.raises(SessionRefused, match="no credit") as raised:
        held(backend, provider)
    assert len(provider.tried) == 1
    assert isinstance(raised.value.__cause__, SessionLost)


@both_loops
def test_what_passes_is_tried_until_it_has_passed(backend: Backend) -> None:
    provider = Provider(*[TransportError("nobody listens") for _ in range(4)])
    (told,) = held(backend, provider).frames
    assert told.attempts == 5
    assert int(told.why.rsplit(" ", 1)[1]) == 1001


@both_loops
def test_patience_ends_and_the_call_with_it(backend: Backend) -> None:
    provider = Provider(*[TransportError("nobody listens") for _ in range(99)])
    with pytest.raises(SessionLost, match=r"within 5 s: nobody listens") as raised:
        held(backend, provider, patience=5.0)
    assert raised.value.code == 1001
    assert provider.tried[-1] <= 1.0 + 5.0


@both_loops
def test_who_is_asked_to_wait_longer_than_that_does_not_wait(backend: Backend) -> None:
    later = SessionRefused("busy", "slow_down", status=429, retry_after=60.0)
    with pytest.raises(SessionLost, match="busy"):
        held(backend, Provider(later), patience=5.0)


@both_loops
def test_sessions_that_are_lost_at_once_are_not_tried_for_ever(
    backend: Backend,
) -> None:
    provider = Provider(lifetime=0.1)
    with pytest.raises(SessionLost, match="no other session could be opened"):
        held(backend, provider, patience=10.0)
    assert 4 < len(provider.tried) < 20
