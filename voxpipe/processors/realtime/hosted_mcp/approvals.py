"""Who approves calls that the service makes: code, or the caller by voice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from anyio import Semaphore, create_task_group, move_on_after

from voxpipe.pipeline import Input, Output, Processor, Transcript, WiringError
from voxpipe.pipeline.runtime.expect import can, expect
from voxpipe.processors.consent import CallerWords, Understands, consent
from voxpipe.processors.realtime.protocol.mcp_frames import (
    McpApproval,
    McpDecision,
    McpNews,
)

if TYPE_CHECKING:
    from voxpipe.processors.realtime.processor import Realtime

Ask = Callable[[McpApproval], Awaitable[bool]]
"""Asks somebody, or decides; may take minutes. What it raises counts as a refusal."""

PATIENCE = 600.0  # seconds for a decision; a person may have to be found
SILENCE = 60.0  # seconds for a caller who was asked
AT_ONCE = 16  # decisions being made; more requests wait in the queue
_QUESTIONS = 2  # about one call
MAX_ARGUMENTS = 1_000  # characters; nobody can be read more, and agree to all of it


class Approvals(Processor):
    """Ask your own function about each call that needs approval.

    Draw ``model.mcp >> approvals.requests`` and ``approvals.decisions >>
    model.results``. Several requests are decided at the same time.

    Args:
        ask: gives whether the call may be made; what it raises is reported and
            counts as a refusal.
        patience: seconds after which the call is rejected.

    Raises:
        WiringError: nobody to ask, or no time to answer.
    """

    requests = Input[McpNews]()
    decisions = Output[McpDecision]()

    def __init__(self, ask: Ask, *, patience: float = PATIENCE) -> None:
        expect(callable(ask), ask, "ask is an async function that takes an McpApproval")
        self._ask = ask
        self._patience = _checked(patience)

    def check(self) -> Iterable[str]:
        """Without decisions calls wait for ever."""
        return _undecided(self.decisions)

    async def run(self) -> None:
        """Decide until there are no more requests."""
        slots = Semaphore(AT_ONCE)
        async with create_task_group() as tasks:
            async for news in self.requests:
                if isinstance(news, McpApproval):
                    await slots.acquire()
                    tasks.start_soon(self._decide, news, slots)
            tasks.cancel_scope.cancel()  # the model has gone: nobody waits for them

    async def _decide(self, request: McpApproval, slots: Semaphore) -> None:
        approve, reason = False, "it took too long to decide"
        try:
            with move_on_after(self._patience):
                approve, reason = await self._ask(request) is True, ""
        except Exception as error:  # noqa: BLE001 - a bug must not let the call hang
            self.report(f"asking for approval has failed: {type(error).__name__}")
            reason = "nobody could be asked"
        finally:
            slots.release()
        await self.decisions.send(
            McpDecision(request_id=request.request_id, approve=approve, reason=reason)
        )


class VoiceApprovals(Processor):
    """Have the model ask the caller, and let the caller's own words decide.

    Draw ``model.mcp >> approvals.requests``, ``model.transcripts >> approvals.words``
    and ``approvals.decisions >> model.results``. The session needs a transcription.

    It is not the model that decides, which could be talked into agreeing for the
    caller: by a web page that a tool has read, for one. What is no clear yes or no is
    asked about once more; then the call is rejected. So is one whose arguments are too
    long to be read to anybody.

    Args:
        model: asks; the one whose calls they are.
        understands: says of an answer whether it agrees; `consent` knows five
            languages.
        question: turns a request into what the model is to ask, as instructions.
        patience: seconds for the caller to answer.

    Raises:
        WiringError: no model, or no time to answer.
    """

    requests = Input[McpNews]()
    words = Input[Transcript](capacity=256)
    decisions = Output[McpDecision]()

    def __init__(
        self,
        model: Realtime,
        *,
        understands: Understands = consent,
        question: Callable[[McpApproval], str] | None = None,
        patience: float = SILENCE,
    ) -> None:
        told = "model is the Realtime of the call"
        expect(can(model, "ask"), model, told)
        self._model = model
        self._understands = understands
        self._question = question or _question
        self._patience = _checked(patience)
        self._said = CallerWords()

    def check(self) -> Iterable[str]:
        """Without decisions calls wait for ever."""
        return _undecided(self.decisions)

    async def run(self) -> None:
        """Ask about one call after the other."""
        self._said.clear()
        async with create_task_group() as tasks:
            tasks.start_soon(self._take)
            async for words in self.words:
                self._said.add(words)
            tasks.cancel_scope.cancel()  # the model has gone: nobody waits any more

    async def _take(self) -> None:
        async for news in self.requests:
            if isinstance(news, McpApproval):
                await self._decide(news)

    async def _decide(self, request: McpApproval) -> None:
        approve: bool | None = None
        reason = "the caller has not agreed"
        questions = _QUESTIONS
        if len(request.arguments) > MAX_ARGUMENTS:
            questions, reason = 0, "the arguments are too long to be read to the caller"
        for _ in range(questions):
            words = await self._answer(request)
            if words is None:
                break
            approve = self._understands(words)
            if approve is not None:
                break
        await self.decisions.send(
            McpDecision(
                request_id=request.request_id,
                approve=approve is True,
                reason="" if approve is True else reason,
            )
        )

    async def _answer(self, request: McpApproval) -> str | None:
        """What the caller says to the question; ``None`` if nothing."""
        asked = self._model.ask(self._question(request), tool_choice="none")
        with move_on_after(self._patience):
            await asked.outcome()
            question = set(asked.item_ids)
            if not any(each.item_id in question for each in self._model.history):
                return ""  # cut off before anything was heard of it
            while True:
                for item_id in self._after(question):
                    words = self._said.get(item_id)
                    if words is not None:
                        return words
                await self._said.more()
        return None

    def _after(self, question: set[str]) -> Iterator[str]:
        """Items that came when the question had begun."""
        asked = False
        for entry in self._model.history:
            if asked:
                yield entry.item_id
            asked = asked or entry.item_id in question


def _question(request: McpApproval) -> str:
    return (
        "Ask the caller, in one short question, whether you may now use "
        f"{request.tool}, and tell them in plain words what it would do, with every "
        f"value: {request.arguments}. Only ask: nothing has been done yet."
    )


def _undecided(decisions: Output[McpDecision]) -> Iterator[str]:
    if not decisions.read:
        yield (
            f"nothing reads {decisions}: draw `{decisions} >> model.results`, or calls "
            "wait for ever"
        )


def _checked(patience: object) -> float:
    if isinstance(patience, int | float) and patience > 0:
        return patience
    raise WiringError(f"patience is seconds, more than 0, not {patience!r}")
