"""Who approves calls that the service makes: code, or the caller by voice."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from anyio import Semaphore, create_task_group, move_on_after

from voxpipe.pipeline import Input, Output, Processor, Transcript
from voxpipe.pipeline.runtime.wakeup import Wakeup
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
_REMEMBERED = 64  # things that the caller has said
_LONGEST = 1_000  # characters of arguments that are repeated to the model

YES = r"\b(yes|yeah|yep|sure|ok|okay|go ahead|please do|do it|i agree|of course)\b"
NO = r"\b(no|nope|not|don.?t|never|stop|cancel|wait|rather not)\b"


class Approvals(Processor):
    """Ask your own function about each call that needs approval.

    Draw ``model.mcp >> approvals.requests`` and ``approvals.decisions >>
    model.results``. Several requests are decided at the same time.

    Args:
        ask: gives whether the call may be made; what it raises is reported and
            counts as a refusal.
        patience: seconds after which the call is rejected.
    """

    requests = Input[McpNews]()
    decisions = Output[McpDecision]()

    def __init__(self, ask: Ask, *, patience: float = PATIENCE) -> None:
        self._ask = ask
        self._patience = patience

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

    It is a pattern that decides and not the model, which could be talked into agreeing
    for the caller: by a web page that a tool has read, for one. Words that say neither
    yes nor no, or both, are asked about once more; then the call is rejected.

    Args:
        model: asks; the one whose calls they are.
        yes: a regular expression for words that agree, in the caller's language.
        no: one for words that do not.
        question: turns a request into what the model is to ask, as instructions.
        patience: seconds for the caller to answer.
    """

    requests = Input[McpNews]()
    words = Input[Transcript](capacity=256)
    decisions = Output[McpDecision]()

    def __init__(
        self,
        model: Realtime,
        *,
        yes: str = YES,
        no: str = NO,
        question: Callable[[McpApproval], str] | None = None,
        patience: float = SILENCE,
    ) -> None:
        self._model = model
        self._yes = re.compile(yes, re.IGNORECASE)
        self._no = re.compile(no, re.IGNORECASE)
        self._question = question or _question
        self._patience = patience
        self._said: dict[str, str] = {}  # by the caller lately, by item
        self._heard = Wakeup()

    def check(self) -> Iterable[str]:
        """Without decisions calls wait for ever."""
        return _undecided(self.decisions)

    async def run(self) -> None:
        """Ask about one call after the other."""
        self._said.clear()
        async with create_task_group() as tasks:
            tasks.start_soon(self._take)
            async for words in self.words:
                if words.speaker == "user" and words.final:
                    self._said[words.item_id] = words.text
                    while len(self._said) > _REMEMBERED:
                        del self._said[next(iter(self._said))]
                    self._heard.set()
            tasks.cancel_scope.cancel()  # the model has gone: nobody waits any more

    async def _take(self) -> None:
        async for news in self.requests:
            if isinstance(news, McpApproval):
                await self._decide(news)

    async def _decide(self, request: McpApproval) -> None:
        approve: bool | None = None
        for _ in range(_QUESTIONS):
            words = await self._answer(request)
            if words is None:
                break
            approve = self._meaning(words)
            if approve is not None:
                break
        reason = "" if approve else "the caller has not agreed"
        await self.decisions.send(
            McpDecision(
                request_id=request.request_id, approve=approve is True, reason=reason
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
                    if item_id in self._said:
                        return self._said[item_id]
                await self._heard.wait()
        return None

    def _after(self, question: set[str]) -> Iterator[str]:
        """Items that came when the question had begun."""
        asked = False
        for entry in self._model.history:
            if asked:
                yield entry.item_id
            asked = asked or entry.item_id in question

    def _meaning(self, words: str) -> bool | None:
        yes, no = self._yes.search(words), self._no.search(words)
        return None if (yes is None) == (no is None) else yes is not None


def _question(request: McpApproval) -> str:
    return (
        "Ask the caller, in one short question, whether you may now use "
        f"{request.tool}, and tell them in plain words what it would do: "
        f"{request.arguments[:_LONGEST]}. Only ask: nothing has been done yet."
    )


def _undecided(decisions: Output[McpDecision]) -> Iterator[str]:
    if not decisions.read:
        yield (
            f"nothing reads {decisions}: draw `{decisions} >> model.results`, or calls "
            "wait for ever"
        )
