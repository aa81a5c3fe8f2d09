"""What the conversation is told of a call before its result, and never after it."""

from __future__ import annotations

from typing import Literal

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

    def may_come(self, execution: Execution) -> bool:
        """Whether there is anything to `follow`."""
        return execution.reports is not None or self._filler_of(execution) is not None

    async def follow(self, call_id: str, execution: Execution) -> None:
        """Tell what is to be said while the tool works, and what it reports."""
        filler = self._filler_of(execution)
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

    def _filler_of(self, execution: Execution) -> Filler | None:
        return execution.tool.policy.filler or self._filler

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
