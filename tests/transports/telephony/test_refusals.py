"""Refusals are told, though not as often as somebody may like to try."""

from __future__ import annotations

import pytest
from anyio import sleep

from voxpipe.transports.telephony.refusals import Refusals

from ...processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_kind_is_told_every_ten_seconds(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        refusals = Refusals()
        for _ in range(1_000):
            refusals.note("no ticket")
        refusals.note("no signature", "3 characters")
        await sleep(9.9)
        refusals.note("no ticket")
        await sleep(0.1)
        refusals.note("no ticket")
        await sleep(20)
        refusals.note("no ticket")
        assert refusals.count == 1_004

    run_virtually(backend, scene)
    assert [each.getMessage() for each in caplog.records] == [
        "refused: no ticket",
        "refused: no signature: 3 characters",
        "refused: no ticket (and 1000 others since the last such line)",
        "refused: no ticket",
    ]
    assert {each.levelname for each in caplog.records} == {"WARNING"}
