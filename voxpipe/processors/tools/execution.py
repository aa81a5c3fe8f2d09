"""One call under way: whatever happens first is its one answer.

A tool can raise, return nonsense, raise a cancellation that nobody ordered, or swallow
the one that was ordered. So it runs in a task of its own, and nobody waits for that
task to end, only for an answer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from anyio import CancelScope, Event, create_task_group, move_on_after

from voxpipe.pipeline import ToolCall
from voxpipe.pipeline.runtime import call_record
from voxpipe.pipeline.runtime.exits import exits_as_failures, orders
from voxpipe.pipeline.runtime.withheld import withheld

from .approval import APPROVAL_TIMEOUT, Ask, ByVoice, Proposal, Refused
from .errors import ArgumentsError, Unavailable
from .outputs import CallAnswer, describe, failure, success
from .progress import Progress, Reports
from .threads import Threads
from .tool import Tool

GRACE = 2.0  # seconds from a tool's cancellation to the complaint that it still runs

logger = logging.getLogger(__name__)


class Execution:
    """A tool at work on one call.

    Args:
        tool: what to run.
        call: what the model wrote.
        limit: bytes of output.
        context: what the router was given for its tools.
        told: which errors have been logged fully; a router shares it among its calls.

    Attributes:
        reports: what the tool says of its progress, if it tells.
        detached: the conversation does not wait for it any more.
    """

    def __init__(
        self,
        tool: Tool[..., Any],
        call: ToolCall,
        limit: int,
        context: object,
        told: set[str],
    ) -> None:
        self.tool = tool
        self.reports = Reports() if tool.reports else None
        self.detached = False
        self._told = told
        approval = tool.policy.approval
        self._ask = None if isinstance(approval, ByVoice) else approval
        self._call = call
        self._limit = limit
        self._context = context
        self._approved, self._begun = Event(), Event()
        self._answer: CallAnswer | None = None
        self._answered = Event()
        self._ended = Event()
        self._scope = CancelScope()

    def stop(self, answer: CallAnswer) -> bool:
        """Cancel the tool and answer in its place; says whether that was in time."""
        self._scope.cancel()
        return self._settle(answer)

    @property
    def works_as(self) -> str:
        """What is told to stand still when it blocks the event loop."""
        return f"the tool {self.tool.name}"

    @property
    def needs_somebody(self) -> bool:
        """Whether a person must agree first; by voice they have done so already."""
        return self._ask is not None

    @property
    def is_undecided(self) -> bool:
        """Whether it waits for that person."""
        return self.needs_somebody and not self._approved.is_set()

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return self._answer is not None

    async def approved(self) -> None:
        """Wait until it may run, or has its answer."""
        await self._approved.wait()

    def begin(self) -> None:
        """Run it, as soon as it may."""
        self._begun.set()

    async def answer(self, timeout: float) -> CallAnswer:
        """Wait for the answer, which is one of ``timeout`` when none comes in time."""
        with move_on_after(timeout):
            await self._answered.wait()
        if self._answer is None:
            if self._is_new("timeout"):
                name = self.tool.name
                logger.warning("the tool %s took longer than %g s", name, timeout)
            self.stop(failure("timeout", f"the tool took longer than {timeout:g} s"))
        assert self._answer is not None
        return self._answer

    async def live(self, threads: Threads) -> None:
        """Run the tool, and see to it that there is an answer when it has ended."""
        # A group of its own: on asyncio a tool can end as cancelled though nobody
        # cancelled it (it awaited a cancelled task), and its neighbours must not.
        async with create_task_group() as own:
            own.start_soon(self._work, threads)
            try:
                await self._answered.wait()
            finally:
                # Also when all is cancelled: the group waits for the tool anyway, and
                # nobody else knows whose task it is that keeps the pipeline.
                with CancelScope(shield=True), move_on_after(GRACE):
                    await self._ended.wait()
                if not self._ended.is_set():
                    logger.warning(
                        "the tool %s swallows its cancellation and still runs; the "
                        "pipeline cannot end before it does",
                        self.tool.name,
                    )
        self._settle(failure("cancelled", "the tool was cancelled from within"))

    async def _work(self, threads: Threads) -> None:
        try:
            with self._scope:
                self._settle(await self._run(threads))
        finally:
            self._ended.set()

    async def _run(self, threads: Threads) -> CallAnswer:
        try:
            arguments = self.tool.arguments(self._call.arguments)
            if self._ask is not None:
                refusal = await self._refusal(self._ask, arguments)
                if refusal is not None:
                    return refusal
            self._approved.set()
            await self._begun.wait()
            reports = self.reports
            progress = None if reports is None else Progress(reports.add)
            answered = partial(success, limit=self._limit)
            answer = await threads.call(
                self.tool, arguments, progress, self._context, answered
            )
        except ArgumentsError as error:
            return failure("invalid_arguments", str(error))
        except Unavailable as error:
            return failure("unavailable", str(error))
        except Exception as error:  # noqa: BLE001  # it is logged
            self._tell(f"the tool {self.tool.name}", error)
            return failure("tool_error", describe(error))
        if answer.left_out and self._is_new("left out"):
            logger.warning(
                "the tool %s returned what JSON has nothing for (%s): the model is "
                "told that it is done, and the rest; return text, numbers, lists, "
                "dicts, dataclasses or pydantic models",
                self.tool.name,
                ", ".join(answer.left_out),
            )
        return answer

    async def _refusal(
        self, ask: Ask, arguments: Mapping[str, Any]
    ) -> CallAnswer | None:
        proposal = Proposal(self._call.call_id, self.tool.name, arguments)
        try:
            with move_on_after(APPROVAL_TIMEOUT):
                with exits_as_failures(orders()):
                    agreed = await ask(proposal)
                return None if agreed else failure("refused", "it was not approved")
        except Refused as refused:
            return failure("refused", str(refused) or "it was not approved")
        except Exception as error:  # noqa: BLE001  # likewise
            # What cannot be approved is not done; why not is no caller's business.
            self._tell(f"the approval of {self.tool.name}", error)
            return failure("refused", "the approval could not be asked for")
        return failure("refused", f"nobody approved it within {APPROVAL_TIMEOUT:g} s")

    def _tell(self, who: str, error: Exception) -> None:
        """Log what has raised, for whoever wrote it; the first of each kind fully."""
        # Its text may hold what people said: it is for the model, and for no log.
        kind = f"{who} raised {type(error).__name__}"
        if self._is_new(kind):
            logger.warning("%s%s", call_record.label(), kind, exc_info=withheld(error))

    def _is_new(self, kind: str) -> bool:
        """Whether this kind of failure of the tool is yet to be told."""
        key = f"{self.tool.name} {kind}"
        is_new = key not in self._told
        self._told.add(key)
        return is_new

    def _settle(self, answer: CallAnswer) -> bool:
        if self._answer is not None:
            return False
        self._answer = answer
        self._answered.set()
        self._approved.set()
        return True
