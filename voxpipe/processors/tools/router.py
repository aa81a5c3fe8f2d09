"""The model's calls are answered: one result for each call id, whatever happens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from anyio import EndOfStream, Semaphore, create_task_group, current_time
from anyio.abc import TaskGroup

from voxpipe.pipeline import Input, Output, Processor, ToolCall, ToolResult

from .errors import ToolError
from .execution import Execution, Threads
from .outputs import SMALLEST, Answer, failure
from .tool import Tool

TIMEOUT = 15.0  # seconds; a caller who hears nothing for longer hangs up
MAX_OUTPUT = 65_536  # bytes; a quarter of the smallest model's memory is about as much
REMEMBERED = 1_024  # call ids; more than one session of an hour makes
LEFT_BEHIND = 32  # tools that do not stop; with more, calls are refused as ``busy``


class ToolRouter(Processor):
    """Run the tools that the model calls, several at a time, and send what they give.

    A call that fails is answered with ``{"error": {"type": …, "message": …}}``, and
    ``ToolResult.error`` holds the type: ``invalid_arguments``, ``unknown_tool``,
    ``tool_error`` (it raised), ``timeout``, ``cancelled``, ``unserialisable`` or
    ``busy``.
    A second call of one id is reported and not run, as long as the id is among the last
    1,024.

    When ``calls`` ends, those under way are answered, then ``results`` ends. When the
    pipeline is cancelled, so are tools; plain functions are left to their threads.

    Args:
        tools: made by `tool`; their names differ.
        timeout: seconds for each call of a tool that has no timeout of its own;
            `math.inf` for none.
        max_output: bytes of output; more is cut, with a note that says so.
        concurrency: calls at work at once; further ones wait in the queue.

    Raises:
        ToolError: two tools of one name, something that is no tool, or a bound that
            is none.
    """

    calls = Input[ToolCall]()
    results = Output[ToolResult]()

    def __init__(
        self,
        tools: Iterable[Tool[..., Any]],
        *,
        timeout: float = TIMEOUT,
        max_output: int = MAX_OUTPUT,
        concurrency: int = 8,
    ) -> None:
        self._tools = _by_name(tools)
        if not timeout > 0 or max_output < SMALLEST or concurrency < 1:
            raise ToolError(
                f"a router takes a timeout above 0 s, {SMALLEST} bytes of output or "
                "more, and 1 call at once or more, not "
                f"{timeout!r}, {max_output!r} and {concurrency!r}"
            )
        self._timeout = timeout
        self._max_output = max_output
        self._concurrency = concurrency
        self._under_way: dict[str, Execution] = {}
        self._taken = _Recent(REMEMBERED)
        self._unwanted = _Recent(REMEMBERED)

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """What a session is told of the tools, in its own words."""
        return [tool.schema for tool in self._tools.values()]

    def check(self) -> Iterable[str]:
        """Without results the model waits for ever."""
        if not self.results.read:
            yield (
                f"nothing reads {self.results}: draw "
                f"`{self.results} >> model.results`, or the model waits for ever"
            )

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
        threads = Threads(self._concurrency + LEFT_BEHIND)
        slots = Semaphore(self._concurrency)
        async with create_task_group() as tools:
            async with create_task_group() as answers:
                while True:
                    await slots.acquire()
                    try:
                        call = await self.calls.receive()
                    except EndOfStream:
                        break
                    if self._is_new(call):
                        answers.start_soon(self._answer, call, tools, threads, slots)
                    else:
                        slots.release()
            # Before the group of the tools ends: one of them may refuse to.
            await self.results.end()

    def _is_new(self, call: ToolCall) -> bool:
        if call.call_id in self._taken or call.call_id in self._under_way:
            self.report("expected a new call id, got an old one: ignored")
            return False
        self._taken.add(call.call_id)
        return True

    async def _answer(
        self, call: ToolCall, tools: TaskGroup, threads: Threads, slots: Semaphore
    ) -> None:
        started = current_time()
        answer = self._refused(call, threads)
        if answer is None:
            answer = await self._executed(call, tools, threads)
        await self.results.send(
            ToolResult(
                call_id=call.call_id,
                name=call.name,
                output=answer.output,
                error=answer.error,
                seconds=current_time() - started,
            )
        )
        slots.release()

    def _refused(self, call: ToolCall, threads: Threads) -> Answer | None:
        if call.call_id in self._unwanted:
            return failure("cancelled", "the call was cancelled")
        if call.name not in self._tools:
            self.report("expected the name of a tool, got one that no tool has")
            known = ", ".join(self._tools) or "none"
            return failure(
                "unknown_tool", f"there is no tool of that name; there are: {known}"
            )
        if threads.are_full:
            self.report("too many tools did not stop when their time was up")
            return failure("busy", "the tools are busy: try again later")
        return None

    async def _executed(
        self, call: ToolCall, tools: TaskGroup, threads: Threads
    ) -> Answer:
        tool = self._tools[call.name]
        execution = Execution(tool, call.arguments, self._max_output)
        self._under_way[call.call_id] = execution
        tools.start_soon(execution.live, threads, name=f"tool {tool.name}")
        timeout = self._timeout if tool.timeout is None else tool.timeout
        answer = await execution.answer(timeout)
        del self._under_way[call.call_id]
        if answer.error == "invalid_arguments":
            self.report(f"expected arguments that fit {tool.name}, got others")
        return answer


class _Recent:
    """The last few of many names."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        self._names[name] = None
        if len(self._names) > self._most:
            del self._names[next(iter(self._names))]

    def clear(self) -> None:
        self._names.clear()


def _by_name(tools: Iterable[Any]) -> dict[str, Tool[..., Any]]:
    named: dict[str, Tool[..., Any]] = {}
    for each in tools:
        if not isinstance(each, Tool):
            raise ToolError(f"expected a tool, got {each!r}: put @tool above it")
        if each.name in named:
            raise ToolError(
                f"two tools are called {each.name}: give one another name with "
                "tool(name=…)"
            )
        named[each.name] = each
    return named
