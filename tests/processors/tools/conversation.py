"""A caller, a model and its tools in conversation, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from voxpipe.pipeline import (
    AudioFormat,
    Dtmf,
    Output,
    Pipeline,
    Processor,
    ToolResult,
    ToolUpdate,
    Transcript,
)
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.tools import (
    Filler,
    Tool,
    ToolRouter,
    tool,
)
from voxpipe.simulator import CallTool, Line, Script, Timing, ToneVoice, When
from voxpipe.simulator import connect_in_memory as simulated
from voxpipe.transports import MemoryPhone

PCM = AudioFormat("pcm16", 24_000)
QUICK = Timing(first_audio_ms=100, first_text_ms=50, rate_limits_ms=0, text_token_ms=1)
GO = Line(calls=[CallTool(name="work")])
NEVER_SAID = Line(say="This is one too many.")
ONE_MOMENT = Filler("One moment, please.", after=2.0)


class Keypad(Processor):
    """Tells of the keys that a caller presses."""

    output = Output[Dtmf]()

    def __init__(self) -> None:
        self.is_over = anyio.Event()

    async def run(self) -> None:
        await self.is_over.wait()

    async def press(self, code: str) -> None:
        for digit in code:
            await self.output.send(Dtmf(digit=digit))


class Conversation:
    """One caller who writes, hears, and interrupts.

    Attributes:
        model: that is called.
        results: what the tools gave and told, in order.
        words: of the transcripts of the agent.
    """

    def __init__(self, model: Realtime, tools: ToolRouter) -> None:
        self.model = model
        self.phone, self.keypad = MemoryPhone(PCM), Keypad()
        self.results, self.words, self.calls = Probe(), Probe(), Probe()
        self.pipeline = Pipeline(
            self.phone.heard >> model.hears,
            model.says >> self.phone.speaks,
            model.calls >> tools.calls,
            model.calls >> self.calls.input,
            model.interruptions >> tools.interruptions,
            model.transcripts >> tools.words,
            self.keypad.output >> tools.keys,
            tools.results >> model.results,
            tools.results >> self.results.input,
            model.transcripts >> self.words.input,
        )

    @property
    def said(self) -> list[str]:
        """What the agent said, message by message, as far as it was made."""
        final = {
            each.item_id: each
            for each in self.words.frames
            if isinstance(each, Transcript)
            and each.speaker == "agent"
            and (each.final or each.played)
        }
        return [each.text for each in final.values()]

    def answers(self) -> list[tuple[str, str | None]]:
        """The output and error of each result."""
        frames = self.results.frames
        return [(e.output, e.error) for e in frames if isinstance(e, ToolResult)]

    def updates(self) -> list[str]:
        """The kinds of what was told before the results."""
        frames = self.results.frames
        return [each.kind for each in frames if isinstance(each, ToolUpdate)]


Plot = Callable[[Conversation], Awaitable[object]]


def converse(
    made: list[Tool[..., Any]], script: Script, plot: Plot, **options: Any
) -> Conversation:
    """Hold a conversation, in which the caller writes "go" first."""

    async def hold() -> Conversation:
        tools = ToolRouter(made, **options)
        async with open_session(
            tools=tools.schemas,
            service=Service(api_key="sk-simulated"),
            connect=lambda address: simulated(script, ToneVoice(), seed=1),
        ) as session:
            conversation = Conversation(Realtime(session), tools)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(conversation.pipeline.run)
                conversation.model.send_text("go")
                await plot(conversation)
                conversation.phone.hang_up()
                conversation.keypad.is_over.set()
        return conversation

    return run_virtual(hold)


def waits(seconds: float) -> Plot:
    """The caller only listens."""

    async def plot(conversation: Conversation) -> None:
        await anyio.sleep(seconds)  # virtual

    return plot


def script(*replies: Line, rules: tuple[When, ...] = ()) -> Script:
    """What the model does."""
    return Script(replies=replies, when=rules, timing=QUICK)


def works_for(seconds: float, **options: Any) -> Tool[..., Any]:
    """A tool that takes its time."""

    @tool(timeout=600, **options)
    async def work() -> str:
        await anyio.sleep(seconds)  # virtual
        return "done"

    return work
