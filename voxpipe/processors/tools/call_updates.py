"""What the conversation is told of a call before its result, and never after it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Literal

from anyio import create_task_group

from voxpipe.pipeline import Output, ToolResult, ToolUpdate

from .execution import Execution
from .outputs import failure
from .policy import Filler

MAX_REPORT = 500  # characters of a tool's progress; a minute of speech


class CallUpdates:
    """Sends updates.

    Args:
        results: where to.
        filler: of tools that have none of their own.
    """

    def __init__(
        self, results: Output[ToolResult | ToolUpdate], filler: Filler | None
    ) -> None:
        self._results = results
        self._filler = filler

    def told(
        self, call_id: str, execution: Execution
    ) -> AbstractAsyncContextManager[None]:
        """In this block: what is to be said while the tool works, and its reports."""
        filler = execution.tool.policy.filler or self._filler
        if filler is None and execution.reports is None:
            return nullcontext()  # as most: no task for nothing
        return self._following(call_id, execution, filler)

    @asynccontextmanager
    async def _following(
        self, call_id: str, execution: Execution, filler: Filler | None
    ) -> AsyncGenerator[None]:
        async with create_task_group() as tasks:
            tasks.start_soon(self._follow, call_id, execution, filler)
            yield
            tasks.cancel_scope.cancel()

    async def _follow(
        self, call_id: str, execution: Execution, filler: Filler | None
    ) -> None:
        if filler is not None:
            await self._results.send(
                ToolUpdate(
                    call_id=call_id,
                    kind="filler",
                    text=filler.words,
                    after=filler.after,
                    every=filler.every,
                )
            )
        while execution.reports is not None:
            text, told = await execution.reports.next()
            await self._tell(call_id, execution, told, text)

    async def interrupted(self, call_id: str, execution: Execution) -> None:
        """The caller has interrupted: do what the tool's policy says."""
        policy = execution.tool.policy.on_interruption
        if policy == "cancel":
            execution.stop(failure("cancelled", "the caller interrupted"))
        elif policy == "detach" and not execution.detached:
            execution.detached = True
            await self._tell(call_id, execution, "detached")

    async def _tell(
        self,
        call_id: str,
        execution: Execution,
        kind: Literal["progress", "sentence", "detached"],
        text: str = "",
    ) -> None:
        # What a detached call reports is not said any more.
        silent = execution.detached and kind != "detached"
        if not execution.is_answered and not silent:
            update = ToolUpdate(call_id=call_id, kind=kind, text=text[:MAX_REPORT])
            await self._results.send(update)
