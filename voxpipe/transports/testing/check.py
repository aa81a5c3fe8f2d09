"""One named check, and how it is run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, cast

from anyio import move_on_after

from .far_side import Make
from .promise import BrokenPromise
from .scene import Scene, opened, time_is_virtual

TIMEOUT = 60.0  # seconds for one check in real time; in virtual time ten times as long

Body = Callable[[Scene], Awaitable[None]]
Needs = Callable[[Any, Any], object]
Verdict = Literal["kept", "not asked"]


class Check:
    """One promise of a transport, to be checked by itself.

    Attributes:
        name: for tables and ids of tests; also what ``str`` gives.
        promise: what a transport owes, in a sentence.
    """

    def __init__(
        self, name: str, promise: str, body: Body, needs: Needs, delay: float
    ) -> None:
        self.name, self.promise = name, promise
        self._body, self._needs, self._delay = body, needs, delay

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Check {self.name}>"

    async def __call__(self, make: Make) -> Verdict:
        """Check it, with a call of its own.

        Returns:
            ``not asked`` of a transport, or of a far side, that lacks what it is about.

        Raises:
            BrokenPromise: says what came, and how to mend it.
            Exception: whatever ``make`` or the far side has raised.
        """
        virtual = await time_is_virtual()
        try:
            return await self._run(make, virtual)
        except BrokenPromise as broken:
            raise self._named(broken) from broken.__cause__
        except BaseExceptionGroup as group:
            found = _only_broken(group)
            if found is None:
                raise
            raise self._named(found) from found.__cause__

    async def _run(self, make: Make, virtual: bool) -> Verdict:
        limit = TIMEOUT * 10 if virtual else TIMEOUT
        with move_on_after(limit) as waiting:
            async with opened(make, virtual=virtual, delay=self._delay) as scene:
                if not self._needs(scene.transport, scene.far):
                    return "not asked"
                await self._body(scene)
        if waiting.cancelled_caught:
            raise BrokenPromise(
                f"nothing more for {limit:g} s: something waits without end",
                "look for a wait in the transport, or in the far side, that nothing "
                "ends",
            )
        return "kept"

    def _named(self, broken: BrokenPromise) -> BrokenPromise:
        broken.check, broken.promise = self.name, self.promise
        return broken


def _only_broken(group: BaseExceptionGroup[BaseException]) -> BrokenPromise | None:
    """The promise that was broken, if nothing else has gone wrong."""
    broken, rest = group.split(BrokenPromise)
    if broken is None or rest is not None:
        return None
    found: BaseException = broken
    while isinstance(found, BaseExceptionGroup):
        found = cast("BaseExceptionGroup[BaseException]", found).exceptions[0]
    return cast("BrokenPromise", found)


def promised(
    promise: str,
    *,
    needs: Needs = lambda transport, far: True,
    delay: float = 0.0,
) -> Callable[[Body], Check]:
    """Make a check of a function, which bears its name.

    Args:
        promise: what is checked, in a sentence.
        needs: of transport and far side, whether it can be.
        delay: seconds by which the device is late.
    """

    def check(body: Body) -> Check:
        name = getattr(body, "__name__", "")
        return Check(name, promise, body, needs, delay)

    return check
