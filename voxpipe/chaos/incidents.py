"""What happens at providers, told by a proxy in front of one, again and again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from anyio import sleep

from .proxy import ChaosProxy
from .toxics import Latency, Refusal

CALM = 10.0  # seconds from the first connection, and between two of a kind
OUTAGE = 15.0  # seconds
SLOW = 20.0  # seconds, in which all comes late
RETRY_AFTER = 3  # seconds

Incident = Callable[[ChaosProxy], Awaitable[None]]
"""Happens once, and leaves the proxy as it was."""

logger = logging.getLogger(__name__)


async def rolling_restart(proxy: ChaosProxy) -> None:
    """Every connection is reset, and new ones are taken: machine after machine."""
    logger.info("incident: %d connections are reset", proxy.connections)
    proxy.reset()


async def outage(proxy: ChaosProxy) -> None:
    """Every connection is reset, and no new one is taken for a while."""
    logger.info("incident: out for %g s", OUTAGE)
    proxy.down()
    await sleep(OUTAGE)
    proxy.clear()
    logger.info("incident: back")


async def slow_service(proxy: ChaosProxy) -> None:
    """All that the service says comes half a second late, or up to one."""
    logger.info("incident: slow for %g s", SLOW)
    proxy.add(Latency(0.75, jitter=0.25))
    await sleep(SLOW)
    proxy.clear()
    logger.info("incident: as fast as before")


async def too_many_requests(proxy: ChaosProxy) -> None:
    """Every connection is reset, and new ones get 429 with ``Retry-After``."""
    logger.info("incident: 429 for %g s", OUTAGE)
    proxy.refusal = Refusal(429, retry_after=RETRY_AFTER)
    proxy.reset()
    await sleep(OUTAGE)
    proxy.clear()
    logger.info("incident: back")


INCIDENTS: Mapping[str, Incident] = {
    "rolling-restart": rolling_restart,
    "outage": outage,
    "slow-service": slow_service,
    "429-storm": too_many_requests,
}


async def again_and_again(incident: Incident, proxy: ChaosProxy) -> None:
    """Have it happen `CALM` seconds after the first connection, and after each."""
    await proxy.reached.wait()
    while True:
        await sleep(CALM)
        await incident(proxy)
