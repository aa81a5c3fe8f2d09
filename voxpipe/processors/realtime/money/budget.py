"""A limit for what a conversation may cost, or several that are told of it.

It reads the bill and holds nothing up. What a reply costs is known when it has been
made, so what is spent can be more than the limit by the one that crossed it.
"""

from __future__ import annotations

from math import isfinite
from typing import Literal

from anyio import Event

from voxpipe.pipeline import Input, Processor, Usage, VoxpipeError
from voxpipe.pipeline.runtime.expect import expect, is_a
from voxpipe.pipeline.runtime.words import one_of

from .price_list import Price
from .prices import Bill, at_price

AtEnd = Literal["raise", "tell"]


class BudgetSpent(VoxpipeError):
    """A conversation has cost what it may.

    Attributes:
        spent_usd: so far.
        limit_usd: that was set.
    """

    def __init__(self, spent_usd: float, limit_usd: float) -> None:
        super().__init__(
            f"the budget of ${limit_usd:g} is spent (${spent_usd:.4f}): raise usd=, or "
            'say goodbye in time with at_end="tell"'
        )
        self.spent_usd = spent_usd
        self.limit_usd = limit_usd


class Budget(Processor):
    """Knows what is left, warns, and ends the pipeline or has the program do it.

    Draw ``model.usage >> budget.charges``. With ``at_end="tell"`` nothing ends by
    itself: a task of the program waits for `spent`, has the model say goodbye, and
    hangs up.

    Args:
        usd: the limit, in US dollars.
        warn_at: the part of it, 0 to 1, at which `warned` returns.
        at_end: ``raise`` ends the pipeline with `BudgetSpent`; ``tell`` only lets
            `spent` return.
        price: of replies of a model that is not in the list, such as a deployment of
            Azure's. Without it they are reported, and not counted.

    Attributes:
        charges: replies and transcriptions, each with its cost.
        bill: what they add up to.

    Raises:
        ValueError: no amount of money, or no part of it.
        BudgetSpent: from `run`, with ``at_end="raise"``.
    """

    charges = Input[Usage](capacity=256)

    def __init__(
        self,
        usd: float,
        *,
        warn_at: float = 0.8,
        at_end: AtEnd = "raise",
        price: Price | None = None,
    ) -> None:
        if not (isfinite(usd) and usd > 0):
            raise ValueError(f"a budget is some US dollars, more than 0, not {usd!r}")
        if not 0 < warn_at <= 1:
            raise ValueError(f"warn_at is a part, more than 0 up to 1, not {warn_at!r}")
        self._usd = usd
        self._warn_at = warn_at
        one_of(AtEnd, at_end, "at_end", ValueError)
        self._at_end: AtEnd = at_end
        told = 'price is a Price, such as PRICES["gpt-realtime-2.1"]'
        expect(is_a(price, Price | None), price, told, ValueError)
        self._price = price
        self._warned, self._spent = Event(), Event()
        self.bill = Bill()

    @property
    def left_usd(self) -> float:
        """What is left, 0 at the least."""
        return max(0.0, self._usd - self.bill.usd)

    async def warned(self) -> None:
        """Wait until the part that is warned of is spent."""
        await self._warned.wait()

    async def spent(self) -> None:
        """Wait until all of it is spent."""
        await self._spent.wait()

    async def run(self) -> None:
        """Count until nothing more is charged, or all is spent."""
        async for usage in self.charges:
            self._count(usage)
            if self._spent.is_set() and self._at_end == "raise":
                raise BudgetSpent(self.bill.usd, self._usd)

    def _count(self, usage: Usage) -> None:
        is_reply, cost = usage.kind == "reply", usage.cost_usd
        if cost is None and is_reply and self._price is not None:
            cost = at_price(self._price, usage.tokens)
        if cost is None:
            self.report(f"a {usage.kind} has no price: the budget does not count it")
        self.bill.add(usage.tokens if is_reply else {}, cost)
        if self.bill.usd >= self._usd * self._warn_at:
            self._warned.set()
        if self.bill.usd >= self._usd:
            self._spent.set()
