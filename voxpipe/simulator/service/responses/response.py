"""The life of one response, from ``response.created`` to ``response.done``."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Literal

from voxpipe.simulator.protocol.session_schema import reasons
from voxpipe.simulator.script.script import CallTool
from voxpipe.simulator.service.conversation.context import WeighedInput
from voxpipe.simulator.service.conversation.items import Item, ItemStatus
from voxpipe.simulator.service.conversation.tokens import NOTHING_USED, usage, words
from voxpipe.simulator.service.mcp.call_item import McpCallItem
from voxpipe.simulator.service.mcp.servers import McpServers
from voxpipe.simulator.service.session.output_item import OutputItem, Place
from voxpipe.simulator.service.session.state import SessionState, SpeechRequest

from .deltas import Deltas, OutputMeter, speak, write
from .output_items import AudioItem, FunctionCallItem, TextItem
from .request import ResponseRequest
from .script_reader import Plan, arguments_text

_CATCH_UP = 0.2  # seconds by which a late step may be made up for; more is a delay
Reason = Literal["turn_detected", "client_cancelled"]
ResponseStatus = Literal[
    "in_progress", "completed", "cancelled", "incomplete", "failed"
]
Waits = Generator[float | None, None, bool]  # seconds; None: until a voice has spoken


class Response:
    """One response: its plan, how far it has come, and what it has used.

    Args:
        session: whose response it is.
        request: what it was asked for.
        plan: what it will say and call.
        input: what its context weighs.
        on_end: called once, when it is over, with the time and the tokens used.
        mcp: runs calls of MCP tools.
    """

    def __init__(
        self,
        session: SessionState,
        request: ResponseRequest,
        plan: Plan,
        input: WeighedInput,
        on_end: Callable[[Response, float, int], None],
        mcp: McpServers,
    ) -> None:
        self._mcp = mcp
        self.id = session.ids.new("resp")
        self.request = request
        self.plan = plan
        self.ended = False
        self.name = "a reply"
        self._session = session
        self._timing = session.script.timing
        self._input = input
        self._on_end = on_end
        self._outputs: list[OutputItem] = []
        self._open: list[OutputItem] = []  # of which only the last is not whole
        self._reasoned = plan.reasoning_tokens if request.reasons else 0
        self._meter = OutputMeter(request.limit, self._reasoned)
        self._gap = self._timing.text_token_ms / 1000
        self._due = self._now = 0.0
        self._waiting = False  # for a voice
        self._life = self._live()
        spoken = request.modality == "audio"
        messages = plan.messages if spoken else ()
        self._speech = [
            SpeechRequest(text, request.voice, request.speed) for text in messages
        ]
        self._spoken: dict[SpeechRequest, bytes] = {}

    @property
    def spoken_ms(self) -> int:
        """How long its audio plays."""
        return self._meter.ms

    @property
    def silent(self) -> bool:
        """Whether nothing of it has come out yet."""
        return not self._outputs

    def start(self, now: float) -> None:
        """Tell the client, and begin."""
        self._session.outbox.emit(
            "response.created", response=self._shown("in_progress", None, None)
        )
        for each in self._speech:
            self._session.requests.ask(each, partial(self._take, each))
        self._due = now
        self._step(now)

    def _take(self, request: SpeechRequest, pcm: bytes | None, now: float) -> None:
        if pcm is None:
            self._life.close()
            self._close("completed")
            self._fail("server_error", "voice_failed", "The voice could not speak.")
            return
        self._spoken[request] = pcm
        if self._waiting:
            self._waiting = False
            self._due = now
            self._step(now)

    def cancel(self, reason: Reason, now: float) -> None:
        """Stop now: close what is open, and end."""
        if self.ended:
            return
        self._now = now
        self._life.close()
        self._close("incomplete")
        self._end("cancelled", {"type": "cancelled", "reason": reason})

    # --- its life: each yield is a wait in seconds, or None to wait for a voice

    def _step(self, now: float) -> None:
        if self.ended:
            return
        self._now = now
        for wait in self._life:
            if wait is None:
                self._waiting = True
                return
            self._due = max(self._due, now - _CATCH_UP) + wait
            if self._due > now:
                self._session.timers.at(self._due, self._step)
                return

    def _live(self) -> Generator[float | None]:
        plan = self.plan
        yield self._first_wait()
        for index, text in enumerate(plan.messages):
            if not (yield from self._message(index, text)):
                return self._run_out()
        for call in plan.calls:
            if not (yield from self._call(call)):
                return self._run_out()
        self._close("completed")
        if plan.failure is not None:
            failure = plan.failure
            self._fail(failure.type, failure.code, failure.message)
            return
        self._end("completed", None)

    def _first_wait(self) -> float:
        timing = self._timing
        if self.plan.wait_ms is not None:
            return self.plan.wait_ms / 1000
        if not self._speech:
            return timing.first_text_ms / 1000
        return timing.first_audio(self._session.dice)

    def _message(self, index: int, text: str) -> Waits:
        item = Item(self._session.ids.new("item"), role="assistant")
        if reasons(self._session.config.model):
            last = index == len(self.plan.messages) - 1 and not self.plan.calls
            item.phase = "final_answer" if last else "commentary"
        tokens = words(text)
        if not self._speech:
            written = TextItem(self._place(), item)
            deltas = write(written, tokens, self._meter, self._gap)
            return (yield from self._deliver(written, deltas))
        request = self._speech[index]
        while request not in self._spoken:
            yield None
        spoken = AudioItem(self._place(), item, self.request.format)
        audio = spoken.format.of_voice(self._spoken[request])
        deltas = speak(spoken, tokens, audio, self._timing, self._meter)
        return (yield from self._deliver(spoken, deltas))

    def _call(self, call: CallTool) -> Deltas:
        output = self._hosted(call) or self._function(call)
        tokens = words(arguments_text(call))
        deltas = write(output, tokens, self._meter, self._gap)
        return (yield from self._deliver(output, deltas))

    def _function(self, call: CallTool) -> FunctionCallItem:
        ids = self._session.ids
        fields = {"name": call.name, "call_id": ids.call(), "arguments": ""}
        item = Item(ids.new("item"), "function_call", call=fields)
        return FunctionCallItem(self._place(), item)

    def _hosted(self, call: CallTool) -> McpCallItem | None:
        tools = self.request.wish.tools
        tool = next(each for each in tools if each["name"] == call.name)
        if tool["type"] != "mcp":
            return None
        label = tool["server_label"]
        fields = {"server_label": label, "name": call.name, "arguments": ""}
        item = Item(self._session.ids.new("mcp"), "mcp_call", call=fields)
        return McpCallItem(
            self._place(), item, lambda output: self._mcp.run(output, self._now)
        )

    def _deliver(self, output: OutputItem, deltas: Deltas) -> Deltas:
        output.item.status = "in_progress"
        output.open()
        self._outputs.append(output)
        self._open.append(output)
        whole = yield from deltas
        if not whole:
            self._close("incomplete")
        else:
            self._close("completed", keep=1 if self.plan.interleaved else 0)
        return whole

    def _close(self, status: ItemStatus, keep: int = 0) -> None:
        """Close what is open but the last ``keep``; the very last one with a status."""
        while len(self._open) > keep:
            output = self._open.pop(0)
            output.close("completed" if self._open else status)

    def _place(self) -> Place:
        index = len(self._outputs)
        return Place(self._session, self.id, index, self.request.aside)

    # --- its end

    def _run_out(self) -> None:
        details = {"type": "incomplete", "reason": "max_output_tokens"}
        self._end("incomplete", details)

    def _fail(self, type: str, code: str, message: str) -> None:
        error = {"type": type, "code": code, "message": message}
        self._end("failed", {"type": "failed", "error": error})

    def _end(self, status: ResponseStatus, details: dict[str, Any] | None) -> None:
        self.ended = True
        self._open.clear()
        for each in self._speech:
            self._session.requests.withdraw(each)
        used = self._meter.used
        reasoned = min(self._reasoned, used.text)
        bill = usage(self._input.tokens, self._input.cached, used, reasoned)
        if self.silent:
            bill = NOTHING_USED
        self._session.journal.note(self._told(status, details))
        self._session.outbox.emit(
            "response.done", response=self._shown(status, details, bill)
        )
        self._on_end(self, self._now, bill["total_tokens"])

    def _told(self, status: ResponseStatus, details: dict[str, Any] | None) -> str:
        """How it ended, for people."""
        details = details or {}
        why = details.get("reason") or details.get("error", {}).get("code")
        sound = f", {self.spoken_ms / 1000:.1f} s of speech" if self.spoken_ms else ""
        return f"{self.name} is {status}{f': {why}' if why else ''}{sound}"

    def _shown(
        self, status: ResponseStatus, details: dict[str, Any] | None, bill: Any
    ) -> dict[str, Any]:
        request = self.request
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [output.item.to_wire() for output in self._outputs],
            "conversation_id": (
                None if request.aside else self._session.conversation.id
            ),
            "output_modalities": [request.modality],
            "max_output_tokens": "inf" if request.limit is None else request.limit,
            "audio": {"output": dict(request.audio)},
            "usage": bill,
            "metadata": request.metadata,
        }
