"""Calls of a page over WebRTC: real offers, real packets, on loopback."""

from __future__ import annotations

import pytest
from anyio import create_task_group

from .calls import Agent, called, likeness, loud_ms, sweep


async def test_both_hear_what_the_other_says() -> None:
    agent, question, answer = Agent(), sweep(1.0), sweep(1.0, 900.0)
    async with called(agent) as page:
        async with create_task_group() as tasks:
            tasks.start_soon(page.say, question + bytes(48_000))
            tasks.start_soon(agent.say, answer)
        heard = await page.listen(lambda pcm: likeness(pcm, answer) > 0.9)
        assert loud_ms(heard) >= 900
        assert await agent.turns[0].over() == "played"
        assert agent.turns[0].played == pytest.approx(1.0, abs=0.01)
    assert likeness(bytes(agent.heard), question) > 0.9
