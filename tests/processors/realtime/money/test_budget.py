"""A conversation may cost so much, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from anyio import create_task_group, wait_all_tasks_blocked
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import Pipeline, Usage
from voxpipe.pipeline.testing import Probe, Source, run_virtual
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.realtime.money import PRICES, Budget, BudgetSpent
from voxpipe.simulator import Line, Script
from voxpipe.transports import MemoryPhone

from ..call import QUICK, simulated
from ..loops import BACKENDS, Backend, run_virtually

KEY = "sk-of-the-test"


@pytest.fixture(params=BACKENDS)
def in_time(request: pytest.FixtureRequest) -> Callable[[Callable[[], Any]], Any]:
    """Runs a scene in virtual time."""
    backend: Backend = request.param
    return lambda scene: run_virtually(backend, scene)


def charges(*dollars: float | None) -> list[Usage]:
    return [
        Usage(kind="reply", tokens={"text_out": 1}, cost_usd=each) for each in dollars
    ]


async def count(budget: Budget, *dollars: float | None) -> None:
    await Pipeline(Source(charges(*dollars)).output >> budget.charges).run()


async def test_what_is_spent_ends_the_pipeline_unless_told_otherwise() -> None:
    budget = Budget(usd=1.0)
    await count(budget, 0.5, 0.4)
    assert budget.left_usd == pytest.approx(0.1)
    with pytest.raises(BudgetSpent, match=r"\$1 is spent \(\$1\.2000\)") as caught:
        await count(Budget(usd=1.0), 0.5, 0.7, 99)
    assert (caught.value.spent_usd, caught.value.limit_usd) == (1.2, 1.0)


async def test_who_asks_is_told_and_the_pipeline_goes_on() -> None:
    budget = Budget(usd=1.0, warn_at=0.5, at_end="tell")
    await count(budget, 0.5, 0.5, 0.5)
    await budget.warned()
    await budget.spent()
    assert budget.left_usd == 0
    assert budget.bill.usd == 1.5
    assert budget.bill.tokens["text_out"] == 3


async def test_what_has_no_price_is_reported() -> None:
    budget, faults = Budget(usd=1.0), Probe()
    await Pipeline(
        Source(charges(None, 0.2)).output >> budget.charges,
        budget.faults >> faults.input,
    ).run()
    assert (budget.bill.unpriced, budget.bill.usd) == (1, 0.2)
    assert "no price" in faults.frames[0].message


async def test_a_price_can_be_given_for_replies_of_a_deployment() -> None:
    budget = Budget(usd=1.0, price=PRICES["gpt-realtime-2.1"])
    reply = Usage(kind="reply", tokens={"audio_out": 1_000})
    words = Usage(kind="transcription", tokens={"audio_in": 1_000})
    await Pipeline(Source([reply, words]).output >> budget.charges).run()
    assert budget.bill.usd == pytest.approx(0.064)
    assert budget.bill.unpriced == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"usd": 0},
        {"usd": -1},
        {"usd": float("nan")},
        {"usd": float("inf")},
        {"usd": 1, "warn_at": 0},
        {"usd": 1, "warn_at": 1.1},
        {"usd": 1, "warn_at": float("nan")},
    ],
)
def test_what_is_no_budget_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Budget(**wrong)


@given(
    st.lists(st.floats(0, 2), max_size=20),
    st.floats(0.01, 10),
    st.floats(0.01, 1),
)
def test_it_tells_exactly_when_its_parts_are_spent(
    dollars: list[float], usd: float, warn_at: float
) -> None:
    budget = Budget(usd=usd, warn_at=warn_at, at_end="tell")
    told: dict[str, bool] = dict.fromkeys(("warned", "spent"), False)

    async def listen(name: str) -> None:
        await getattr(budget, name)()
        told[name] = True

    async def scene() -> None:
        async with create_task_group() as tasks:
            for name in told:
                tasks.start_soon(listen, name)
            await count(budget, *dollars)
            await wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()

    run_virtual(scene)
    total = 0.0
    for each in dollars:
        total += each
    assert budget.bill.usd == total
    assert budget.left_usd == max(0.0, usd - total)
    assert told == {"warned": total >= usd * warn_at, "spent": total >= usd}


def test_the_agent_says_goodbye_when_the_money_is_spent(
    in_time: Callable[..., None],
) -> None:
    async def scene() -> None:
        replies = [Line(heard="Go on.", say="And so on, and so on.")] * 8
        connect = simulated(Script(replies=replies, timing=QUICK))
        budget = Budget(usd=0.002, at_end="tell")
        async with open_session(
            service=Service(api_key=KEY), connect=connect
        ) as session:
            model = Realtime(session)
            phone = MemoryPhone(session.settings.audio, background="silence")
            pipeline = Pipeline(
                phone.heard >> model.hears,
                model.says >> phone.speaks,
                model.usage >> budget.charges,
            )

            async def end() -> None:
                await budget.spent()
                goodbye = model.say("Our time is over. Goodbye.")
                assert await goodbye.turn.over() == "played"
                phone.hang_up()

            async def talk() -> None:
                while budget.left_usd:
                    await model.send_text("Go on.").turn.over()

            async with create_task_group() as tasks:
                tasks.start_soon(end)
                tasks.start_soon(talk)
                assert await pipeline.run(deadline=120) == "finished"
                tasks.cancel_scope.cancel()
        assert budget.bill.usd == pytest.approx(model.bill.usd)
        assert budget.left_usd == 0
        assert "Our time is over. Goodbye." in [e.text for e in model.history]

    in_time(scene)
