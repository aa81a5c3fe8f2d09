"""Writes down what happens in a conversation, for the report and the picture."""

from __future__ import annotations

from dataclasses import dataclass

from anyio import create_task_group, current_time
from anyio.abc import TaskGroup

from voxpipe.pipeline import (
    AudioFrame,
    Dtmf,
    Input,
    Interruption,
    Processor,
    ReplyEnd,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
    ToolResult,
    ToolUpdate,
    Transcript,
    Turn,
    Usage,
)
from voxpipe.processors.realtime.money import Bill

from .progress import LineView
from .report import InterruptionRecord, Report, SpanRecord, ToolCallRecord, TurnRecord


@dataclass(slots=True)
class _Spoken:
    """A reply with audio, and what is known of its words."""

    turn: Turn
    words_played: str | None = None


class CallLog(Processor):
    """Reads along at every port; draw into it what is to be written down.

    Args:
        model: its name, for the report.
        simulated: whether it is.
        preroll: seconds before the first sound that the speech marks include.
        view: shown what is said, while the conversation goes on.
    """

    caller = Input[AudioFrame | SpeechStarted | SpeechStopped | Dtmf]()
    says = Input[AudioFrame | ReplyEnd](capacity_ms=1_000)
    transcripts = Input[Transcript](capacity=256)
    interruptions = Input[Interruption]()
    usage = Input[Usage]()
    calls = Input[ToolCall]()
    results = Input[ToolResult | ToolUpdate]()

    def __init__(
        self, model: str, view: LineView, *, simulated: bool, preroll: float
    ) -> None:
        self._model = model
        self._simulated = simulated
        self._preroll = preroll
        self._view = view
        self._began = 0.0
        self._spoken: list[_Spoken] = []
        self._user: list[str] = []  # what the caller said, in order
        self._agent: dict[str, str] = {}  # what the agent says, by item
        self._speech: list[list[float]] = []
        self._interruptions: list[InterruptionRecord] = []
        self._calls: dict[str, tuple[float, ToolCall]] = {}
        self._tools: list[ToolCallRecord] = []
        self._notes: list[tuple[int, str]] = []  # after how many words of the caller's
        self._bill = Bill()
        self._ended = 0.0

    async def run(self) -> None:
        """Write until every port has ended."""
        self._began = current_time()
        async with create_task_group() as hearing:
            async with create_task_group() as tasks:
                tasks.start_soon(self._hear_caller)
                tasks.start_soon(self._follow_replies, hearing)
                tasks.start_soon(self._read_transcripts)
                tasks.start_soon(self._note_interruptions)
                tasks.start_soon(self._add_up)
                tasks.start_soon(self._note_calls)
                tasks.start_soon(self._note_results)
            hearing.cancel_scope.cancel()  # what is still being heard was hung up on
        self._tell_notes(len(self._speech))
        self._ended = self._now()

    def _now(self) -> float:
        return current_time() - self._began

    async def _hear_caller(self) -> None:
        async for frame in self.caller:
            self._view.at(self._now())
            if isinstance(frame, SpeechStarted):
                begins = frame.at + self._preroll
                self._speech.append([begins, begins])
            elif isinstance(frame, SpeechStopped) and self._speech:
                self._speech[-1][1] = frame.at

    async def _follow_replies(self, hearing: TaskGroup) -> None:
        async for frame in self.says:
            turn = frame.turn
            known = self._spoken and self._spoken[-1].turn is turn
            if isinstance(frame, AudioFrame) and turn is not None and not known:
                self._spoken.append(_Spoken(turn))
                hearing.start_soon(self._hear_out, self._spoken[-1])

    async def _hear_out(self, spoken: _Spoken) -> None:
        if await spoken.turn.over() == "played":
            self._tell_notes(len(self._speech))  # no transcript has come
            self._view.said("agent", self._words_of(spoken))

    def _words_of(self, spoken: _Spoken) -> str:
        words = (self._agent.get(item.item_id, "") for item in spoken.turn.items())
        return " ".join(filter(None, words))

    async def _read_transcripts(self) -> None:
        async for transcript in self.transcripts:
            if transcript.speaker == "user":
                if transcript.final:
                    self._user.append(transcript.text)
                    self._view.said("caller", transcript.text)
                    self._tell_notes(len(self._user))
                continue
            self._agent[transcript.item_id] = transcript.text
            if transcript.played is None:
                self._view.saying("agent", transcript.text)
                continue
            for spoken in self._spoken:
                if any(i.item_id == transcript.item_id for i in spoken.turn.items()):
                    spoken.words_played = transcript.played
                    self._view.said("agent", f"{transcript.played} — interrupted")

    async def _note_interruptions(self) -> None:
        async for interruption in self.interruptions:
            items = interruption.items
            if not items:
                continue
            generated = round(sum(item.generated for item in items) * 1000, 1)
            played = round(sum(item.played for item in items) * 1000, 1)
            cut = next((i for i in items if i.played < i.generated), items[-1])
            self._interruptions.append(
                InterruptionRecord(
                    reply_id=interruption.cut.id,
                    at=self._now(),
                    generated_ms=generated,
                    played_ms=played,
                    truncated_to_ms=int(cut.played * 1000),
                    basis=cut.basis,
                )
            )

    async def _add_up(self) -> None:
        async for usage in self.usage:
            self._bill.add(usage.tokens, usage.cost_usd)

    async def _note_calls(self) -> None:
        async for call in self.calls:
            self._calls[call.call_id] = self._now(), call

    async def _note_results(self) -> None:
        async for result in self.results:
            if isinstance(result, ToolUpdate):
                continue
            started, call = self._calls.get(result.call_id, (self._now(), None))
            note = f"{result.name} → {result.error or result.output}"
            self._notes.append((call.caller_turns if call else 0, note))
            self._tell_notes(len(self._user))
            self._tools.append(
                ToolCallRecord(
                    name=result.name,
                    call_id=result.call_id,
                    arguments=call.arguments if call else "",
                    output=result.output,
                    started=started,
                    seconds=result.seconds,
                    error=result.error,
                )
            )

    def _tell_notes(self, questions: int) -> None:
        """Show what tools gave, but not before the question, which is told late."""
        while self._notes and self._notes[0][0] <= questions:
            self._view.note(self._notes.pop(0)[1])

    # --- afterwards

    def summary(self) -> Report:
        """What became of the conversation."""
        return Report(
            model=self._model,
            simulated=self._simulated,
            seconds=self._ended,
            turns=tuple(self._turns()),
            tool_calls=tuple(self._tools),
            interruptions=tuple(self._interruptions),
            usage=dict(self._bill.tokens),
            cost_usd=self._bill.usd,
            spans=tuple(self._spans()),
        )

    def _turns(self) -> list[TurnRecord]:
        words = list(self._user)
        turns: list[TurnRecord] = []
        for spoken in self._spoken:
            timings = spoken.turn.timings
            answers = timings.user_stopped is not None
            turns.append(
                TurnRecord(
                    index=len(turns) + 1,
                    reply_id=spoken.turn.id,
                    user_words=words.pop(0) if answers and words else "",
                    agent_words=self._words_of(spoken),
                    agent_words_played=spoken.words_played,
                    timings=timings.since(self._began),
                )
            )
        return turns

    def _spans(self) -> list[SpanRecord]:
        spans: list[SpanRecord] = []
        words = list(self._user)
        for number, (start, end) in enumerate(self._speech):
            text = words[number] if number < len(words) else ""
            stop = end if end > start else self._ended
            spans.append(SpanRecord(speaker="caller", start=start, end=stop, text=text))
        for spoken in self._spoken:
            turn = spoken.turn
            begin = turn.timings.since(self._began).first_played
            if begin is None:
                continue
            until = begin + turn.played
            said = self._words_of(spoken)
            played = said if spoken.words_played is None else spoken.words_played
            spans.append(
                SpanRecord(speaker="agent", start=begin, end=until, text=played)
            )
            if turn.played < turn.generated:
                lost = until + turn.generated - turn.played
                rest = said.removeprefix(played).strip()
                spans.append(
                    SpanRecord(
                        speaker="agent",
                        start=until,
                        end=lost,
                        kind="unplayed",
                        text=rest,
                    )
                )
        return sorted(spans, key=lambda span: span.start)
