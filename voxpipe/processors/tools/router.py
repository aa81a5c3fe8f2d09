"""The model's calls are answered: one result for each call id, whatever happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from anyio import Semaphore, create_task_group, current_time
from anyio.abc import TaskGroup

from voxpipe.pipeline import (
    Dtmf,
    Input,
    Interruption,
    Output,
    Processor,
    ReplyWanted,
    ToolCall,
    ToolResult,
    ToolUpdate,
    Transcript,
)
from voxpipe.pipeline.runtime.call_record import asked_for_work
from voxpipe.pipeline.runtime.recent import Recent
from voxpipe.processors.consent import CallerWords

from .approval import DECIDE, ByVoice, Questions
from .call_updates import CallUpdates
from .errors import ArgumentsError, ToolError
from .execution import Execution
from .outputs import MIN_OUTPUT, CallAnswer, failure
from .policy import Filler, check_filler
from .threads import Threads
from .tool import Tool

TIMEOUT = 15.0  # seconds; a caller who hears nothing for longer hangs up
MAX_OUTPUT = 65_536  # bytes; a quarter of the smallest model's memory is about as much
MAX_REMEMBERED = 1_024  # call ids; more than one session of an hour makes
MAX_LEFT_BEHIND = 32  # tools that do not stop; with more, calls are refused as ``busy``
FAILURES = {"tool_error", "timeout", "unavailable", "busy"}  # not the model's doing
MAX_UNDECIDED = 64  # calls that wait for a person; with more, they are ``busy`` too


class ToolRouter(Processor):
    """Run the tools that the model calls, several at a time, and send what they give.

    A call that fails is answered with ``{"error": {"type": …, "message": …}}``, and
    ``ToolResult.error`` holds the type: ``invalid_arguments``, ``unknown_tool``,
    ``tool_error`` (it raised), ``timeout``, ``cancelled``, ``busy``, ``unavailable``
    (it raised `Unavailable`), ``refused`` (somebody did not approve) or
    ``approval_needed`` (the caller is to be asked).
    A second call of one id is reported and not run, as long as the id is among the last
    1,024.

    When ``calls`` ends, those under way are answered, then ``results`` ends; those that
    still wait for a person are not run. When the
    pipeline is cancelled, so are tools; plain functions are left to their threads.

    Args:
        tools: made by `tool`, or found by `mcp_tools`; their names differ.
        timeout: seconds for each call of a tool that has no timeout of its own;
            `math.inf` for none.
        max_output: bytes of output; more is cut, with a note that says so.
        concurrency: calls at work at once; further ones wait in the queue. Those that
            wait for a person are not at work.
        filler: what is said while a tool works that has no filler of its own.
        context: given to the tools that have a parameter of type `Context`.

    Attributes:
        interruptions: of replies, as from `Realtime.interruptions`; for tools that are
            to be cancelled or detached then.
        words: what the caller says, as from `Realtime.transcripts`; for tools that need
            their approval `ByVoice`.
        keys: what the caller presses, as from ``call.pressed``; who cannot make
            themselves understood can key in a code instead.

    Raises:
        ToolError: two tools of one name, something that is no tool, a tool that wants
            another context, or a bound that is none.
    """

    calls = Input[ToolCall]()
    interruptions = Input[Interruption](optional=True, feedback=True, capacity=256)
    words = Input[Transcript](optional=True, feedback=True, capacity=256)
    keys = Input[Dtmf](optional=True, feedback=True, capacity=256)
    results = Output[ToolResult | ToolUpdate]()

    def __init__(
        self,
        tools: Iterable[Tool[..., Any]],
        *,
        timeout: float = TIMEOUT,
        max_output: int = MAX_OUTPUT,
        concurrency: int = 8,
        filler: Filler | None = None,
        context: object = None,
    ) -> None:
        self._tools = _by_name(tools)
        for each in self._tools.values():
            if each.context is not None:
                each.context.check(each.name, context)
        policies = [each.policy for each in self._tools.values()]
        self._asks = any(isinstance(each.approval, ByVoice) for each in policies)
        self._minds = any(each.on_interruption != "continue" for each in policies)
        if not timeout > 0 or max_output < MIN_OUTPUT or concurrency < 1:
            raise ToolError(
                f"a router takes a timeout above 0 s, {MIN_OUTPUT} bytes of output or "
                "more, and 1 call at once or more, not "
                f"{timeout!r}, {max_output!r} and {concurrency!r}"
            )
        if filler is not None:
            check_filler(filler)
        self._timeout = timeout
        self._max_output = max_output
        self._concurrency = concurrency
        self._context = context
        self._updates = CallUpdates(self.results, filler)
        self._words = CallerWords()
        self._questions: Questions  # of the present run
        self._undecided, self._is_ending = 0, False
        self._threads: Threads  # of the present run, as the next
        self._slots: Semaphore
        self._under_way: dict[str, Execution] = {}
        self._taken = Recent(MAX_REMEMBERED)
        self._unwanted = Recent(MAX_REMEMBERED)
        self._failed = 0
        self._told = set[str]()  # errors of tools; there are as many as there is code

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """What a session is told of the tools, in its own words."""
        schemas = [tool.schema for tool in self._tools.values()]
        return [*schemas, dict(Questions.schema)] if self._asks else schemas

    def check(self) -> Iterable[str]:
        """Without results the model waits for ever."""
        if not self.results.read:
            yield (
                f"nothing reads {self.results}: draw "
                f"`{self.results} >> model.results`, or the model waits for ever"
            )
        if self._minds and not self.interruptions.fed:
            yield (
                "a tool is to be cancelled or detached on an interruption, and nothing "
                f"tells of any: draw `model.interruptions >> {self.interruptions}`"
            )
        if self._asks and not self.words.fed:
            yield (
                "a tool needs the caller's approval, and nothing tells what they say: "
                f"draw `model.transcripts >> {self.words}`"
            )

    def failure_counts(self) -> Mapping[str, int]:
        """Calls that failed by the tool's doing, and everything that was reported."""
        return {"tool_errors": self._failed, **super().failure_counts()}

    def cancel(self, call_id: str) -> bool:
        """Cancel one call, which is answered with ``cancelled``.

        A call that has not come yet is remembered, and not run when it comes.

        Returns:
            Whether it was under way. Side effects that it had remain.
        """
        execution = self._under_way.get(call_id)
        if execution is not None:
            return execution.stop(failure("cancelled", "the call was cancelled"))
        if call_id not in self._taken:
            self._unwanted.add(call_id)
        return False

    async def run(self) -> None:
        """Answer calls until no more come."""
        self._taken.clear()
        self._under_way.clear()
        self._words.clear()
        self._questions = Questions(self._words, keys=self.keys.fed)
        self._is_ending = False
        self._threads = Threads(self._concurrency + MAX_LEFT_BEHIND)
        self._slots = Semaphore(self._concurrency, fast_acquire=True)
        async with create_task_group() as tools:
            async with create_task_group() as heeding:
                heeding.start_soon(self._heed_interruptions)
                heeding.start_soon(self._heed_words)
                heeding.start_soon(self._heed_keys)
                with asked_for_work(lambda: bool(self._under_way)):
                    await self._take_calls(tools)
                heeding.cancel_scope.cancel()
            # Before the group of the tools ends: one of them may refuse to.
            await self.results.end()

    async def _take_calls(self, tools: TaskGroup) -> None:
        async with create_task_group() as answers:
            async for call in self.calls:
                # Not before there is one: who waits for a person needs the slot back.
                await self._slots.acquire()
                if self._is_new(call):
                    answers.start_soon(self._answer, call, tools)
                else:
                    self._slots.release()
            self._is_ending = True
            for execution in tuple(self._under_way.values()):
                if execution.is_undecided:
                    execution.stop(_over())

    def _is_new(self, call: ToolCall) -> bool:
        if call.call_id in self._taken or call.call_id in self._under_way:
            self.report("expected a new call id, got an old one: ignored")
            return False
        self._taken.add(call.call_id)
        return True

    async def _heed_interruptions(self) -> None:
        async for _ in self.interruptions:
            for call_id, execution in tuple(self._under_way.items()):
                await self._updates.interrupted(call_id, execution)

    async def _heed_words(self) -> None:
        async for words in self.words:
            self._words.add(words)

    async def _heed_keys(self) -> None:
        async for key in self.keys:
            self._questions.press(key.digit)

    async def _answer(self, call: ToolCall, tools: TaskGroup) -> None:
        started, tool = current_time(), self._tools.get(call.name)
        chosen = self._refused(call) or await self._chosen(call, started)
        if isinstance(chosen, CallAnswer):
            answer = chosen
        else:
            tool = self._tools[chosen.name]
            answer = await self._executed(call, chosen, tools)
        self._failed += answer.error in FAILURES
        if answer.error == "invalid_arguments":
            self.report(f"expected arguments that fit {call.name}, got others")
        await self.results.send(
            ToolResult(
                call_id=call.call_id,
                name=call.name,
                output=answer.output,
                error=answer.error,
                seconds=current_time() - started,
                reply=_reply_wanted(tool, answer),
                pictures=answer.pictures,
            )
        )
        self._slots.release()

    def _refused(self, call: ToolCall) -> CallAnswer | None:
        if call.call_id in self._unwanted:
            return failure("cancelled", "the call was cancelled")
        if call.name not in self._tools and not self._is_decision(call):
            self.report("expected the name of a tool, got one that no tool has")
            known = ", ".join(self._tools) or "none"
            return failure(
                "unknown_tool", f"there is no tool of that name; there are: {known}"
            )
        if self._threads.are_full:
            self.report("too many tools did not stop when their time was up")
            return failure("busy", "the tools are busy: try again later")
        return None

    def _is_decision(self, call: ToolCall) -> bool:
        return self._asks and call.name == DECIDE

    async def _chosen(self, call: ToolCall, now: float) -> CallAnswer | ToolCall:
        """What is to run: the call, or the one that the caller has agreed to by it."""
        try:
            if self._is_decision(call):
                return await self._questions.decide(call, now)
            tool = self._tools[call.name]
            approval = tool.policy.approval
            if isinstance(approval, ByVoice):
                tool.arguments(call.arguments)  # nobody is asked about nonsense
                return self._questions.ask(call, approval, now)
        except ArgumentsError as error:
            return failure("invalid_arguments", str(error))
        return call

    async def _executed(
        self, call: ToolCall, chosen: ToolCall, tools: TaskGroup
    ) -> CallAnswer:
        tool = self._tools[chosen.name]
        execution = Execution(tool, chosen, self._max_output, self._context, self._told)
        self._under_way[call.call_id] = execution
        tools.start_soon(execution.live, self._threads, name=f"tool {tool.name}")
        timeout = self._timeout if tool.timeout is None else tool.timeout
        answer: CallAnswer | None = None
        async with self._updates.told(call.call_id, execution):
            if execution.needs_somebody:
                await self._wait_for_somebody(execution)
            execution.begin()
            answer = await execution.answer(timeout)
        assert answer is not None  # the block swallows nothing
        del self._under_way[call.call_id]
        return answer

    async def _wait_for_somebody(self, execution: Execution) -> None:
        if self._is_ending or self._undecided >= MAX_UNDECIDED:
            busy = failure("busy", "too many calls wait for an approval")
            execution.stop(_over() if self._is_ending else busy)
            return
        self._undecided += 1
        self._slots.release()  # a person takes minutes: others may work meanwhile
        try:
            await execution.approved()
        finally:
            self._undecided -= 1
        await self._slots.acquire()


def _reply_wanted(tool: Tool[..., Any] | None, answer: CallAnswer) -> ReplyWanted:
    if tool is None or answer.error is not None:
        return "always"  # or nobody would hear that it has failed
    return answer.reply or tool.policy.reply


def _over() -> CallAnswer:
    return failure("cancelled", "the conversation is over, and nobody has approved")


def _by_name(tools: Iterable[Any]) -> dict[str, Tool[..., Any]]:
    named: dict[str, Tool[..., Any]] = {}
    if not hasattr(tools, "__iter__"):
        name = getattr(tools, "name", None) or getattr(tools, "__name__", "my_tool")
        raise ToolError(f"a router takes a list of tools: write ToolRouter([{name}])")
    for each in tools:
        if not isinstance(each, Tool):
            raise ToolError(f"expected a tool, got {each!r}: put @tool above it")
        if each.name in named:
            raise ToolError(
                f"two tools are called {each.name}: give one another name with "
                "tool(name=…), or those of a server with mcp_tools(…, prefix=…)"
            )
        if each.name == DECIDE:
            raise ToolError(f"{DECIDE} is the router's own: give the tool another name")
        named[each.name] = each
    return named
