"""The conversation without the network: server events in, orders and frames out.

Rules:
  1. No await, no socket, no clock: time is an argument. It can be fuzzed.
  2. Everything is keyed by response and item id; there is no "current item".
  3. An interruption is local first: the turn is cut before the service hears of it.
     Then cancel by response id, then truncate each item at what was heard.
  4. Rubbish from the service is reported and dropped; the conversation goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from voxpipe.pipeline import (
    AudioFrame,
    FormatError,
    Frame,
    Interruption,
    ToolCall,
    ToolResult,
    Turn,
    Usage,
)

from . import events as ev
from .arbiter import Arbiter
from .caller import CallerClock
from .events import ServerEvent
from .interruption import truncation
from .prices import Bill, cost_usd
from .replies import STORE_SECONDS, Reply, Status
from .settings import Settings
from .words import Words

REMEMBERED = 64  # replies that are over, kept so that late events find them
_BENIGN = {"response_cancel_not_active"}  # it had just ended by itself
_BUSY = "conversation_already_has_active_response"
_HOLD_REFUSED = (
    "the service interrupts this session by itself, so a reply cannot be held: open it "
    "with turns=ServerVad(interrupts=False) and decide in the pipeline"
)
_STATUSES: dict[str, Status] = {
    "completed": "completed",
    "incomplete": "incomplete",
    "cancelled": "cancelled",
    "failed": "failed",
}


class Conversation:
    """One session's state.

    Args:
        settings: what the session was opened with.
        report: told of everything unusable or refused.

    Attributes:
        outbox: client events to be sent, in order.
        news: frames for the ports, by the port's name, in order.
        spoken: replies whose audio is to be played, in order.
        history: the items, said and heard.
        bill: tokens and money so far.
    """

    def __init__(self, settings: Settings, report: Callable[[str], None]) -> None:
        self._settings = settings
        self._report = report
        self._detection = settings.detection
        self._replies: dict[str, Reply] = {}
        self._ear_seen = False
        self._caller = CallerClock()
        self._open_calls: dict[str, Reply] = {}
        self.arbiter = Arbiter()
        self.outbox: deque[dict[str, Any]] = deque()
        self.news: deque[tuple[str, Frame]] = deque()
        self.spoken: deque[Reply] = deque()
        self._words = Words(self._replies, self._tell, report)
        self.history = self._words.history
        self.bill = Bill()
        self._handlers: dict[str, Callable[[Any, float], None]] = {
            "error": self._error,
            "session.created": self._session,
            "session.updated": self._session,
            "conversation.item.added": self._words.item,
            "conversation.item.done": self._words.item,
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.speech_stopped": self._speech_stopped,
            "input_audio_buffer.committed": self._committed,
            f"{ev.TRANSCRIPTION}.delta": self._words.of_caller,
            f"{ev.TRANSCRIPTION}.completed": self._words.of_caller,
            f"{ev.TRANSCRIPTION}.failed": self._words.of_caller,
            "response.created": self._response_created,
            "response.done": self._response_done,
            "response.output_item.done": self._output_item_done,
            "response.output_text.delta": self._words.delta,
            "response.output_text.done": self._words.done,
            "response.output_audio_transcript.delta": self._words.delta,
            "response.output_audio_transcript.done": self._words.done,
        }

    # --- what the caller does

    def appended(self, seconds: float, now: float) -> None:
        """So much of the caller's audio has just been sent."""
        self._caller.appended(seconds, now)

    def user_started(self, now: float) -> None:
        """The pipeline's own turn detection hears the caller begin."""
        self.arbiter.speaking = True
        self._caller.started()
        self.interrupt(now)

    def user_stopped(self, stopped_at: float, now: float) -> None:
        """The caller's turn is over: commit it and ask for a reply."""
        self.arbiter.speaking = False
        self._caller.stopped(stopped_at)
        self._caller.committed(now)
        self.outbox.append({"type": "input_audio_buffer.commit"})
        self.ask({}, now, follow_up=True)

    # --- orders

    def ask(
        self, request: dict[str, Any], now: float, *, follow_up: bool = False
    ) -> Reply:
        """Ask for a reply as soon as the floor is free."""
        reply = Reply(turn=self._new_turn(), request=request, follow_up=follow_up)
        reply.turn.timings.requested = now
        self.arbiter.wish(reply)
        self.pump(now)
        return reply

    def add_item(self, item: dict[str, Any]) -> None:
        """Put something into the conversation."""
        self.outbox.append({"type": "conversation.item.create", "item": item})

    def add_result(self, result: ToolResult, now: float) -> None:
        """A tool has answered; the model is asked to go on when all have."""
        self.add_item(
            {
                "type": "function_call_output",
                "call_id": result.call_id,
                "output": result.output,
            }
        )
        reply = self._open_calls.pop(result.call_id, None)
        if reply is None:
            self._report("expected the result of an open call, got one of another")
            return
        reply.calls[result.call_id] = True
        self._follow_up(reply, now)

    def interrupt(self, now: float) -> None:
        """Silence every reply that is not over, and tell the service what was heard."""
        self._silence(service_cancels=False)
        if self.arbiter.asked is not None:
            self.arbiter.asked.turn.cut()  # cancelled as soon as it has a name
        self.pump(now)

    def pump(self, now: float) -> None:
        """Ask for what may be asked for by now."""
        order = self.arbiter.next(now)
        if order is not None:
            self.outbox.append(order)

    def is_idle(self, now: float) -> bool:
        """Nothing is being made, expected, run by a tool, or waiting to be played."""
        return (
            self.arbiter.is_idle
            and not self.arbiter.is_expecting(now)
            and not self._open_calls
            and all(reply.ended or reply.turn.is_cut for reply in self.spoken)
        )

    def end(self, reason: str) -> None:
        """The session is over: whoever waits for a reply is told."""
        self.arbiter.give_up(reason)

    # --- what the service says

    def receive(self, message: str, now: float) -> None:
        """Act on one message; rubbish is reported and dropped."""
        try:
            event = ev.parse(message)
        except ev.BadEvent as error:
            self._report(str(error))
            return
        if isinstance(event, ev.AudioDelta):
            self._audio(event, now)
        else:
            handle = self._handlers.get(event.type)
            if handle is None:
                self._tell("events", ServerEvent(event))
            else:
                handle(event, now)
        self.pump(now)

    def _audio(self, event: ev.AudioDelta, now: float) -> None:
        reply = self._replies.get(event.response_id)
        if reply is None or reply.closed or reply.turn.is_cut:
            return  # late audio of a reply that was cancelled
        turn = reply.turn
        try:
            frame = AudioFrame.from_base64(
                event.delta, self._settings.audio, start=turn.generated, turn=turn
            )
        except FormatError as error:
            self._report(f"response.output_audio.delta: {error}")
            return
        seconds = frame.duration
        if not seconds:
            self._report("response.output_audio.delta: expected audio, got none")
            return
        turn.grow(seconds, event.item_id, event.content_index)
        if turn.timings.first_delta is None:
            turn.timings.first_delta = now
        reply.store.append(frame)
        reply.stored += seconds
        if reply.stored > STORE_SECONDS:
            self._report(
                f"a reply ran more than {STORE_SECONDS:.0f} s ahead of the ear: cut"
            )
            self._cut(reply, service_cancels=False)

    def _session(self, event: ev.SessionEvent, now: float) -> None:
        """Acknowledges; `open_session` has read the first two."""

    def _error(self, event: ev.ErrorEvent, now: float) -> None:
        error = event.error
        busy = error.code == _BUSY
        reply = self.arbiter.refused(error.event_id, busy=busy, now=now)
        if reply is not None:
            reply.turn.cut()
            reply.settle("rejected", error.message or error.code or "")
        if error.code not in _BENIGN and not busy:
            self._report(f"the service refused: {error.code or error.type or 'error'}")

    def _speech_started(self, event: ev.SpeechEvent, now: float) -> None:
        self.arbiter.speaking = True
        self._caller.started()
        if self._detection is not None and self._detection.interrupts:
            self._silence(service_cancels=True)

    def _speech_stopped(self, event: ev.SpeechEvent, now: float) -> None:
        self.arbiter.speaking = False
        silence = getattr(self._detection, "silence_ms", 0)
        self._caller.stopped_in_audio((event.audio_end_ms - silence) / 1000, now)
        if self._detection is not None and self._detection.replies:
            self.arbiter.expect(now)

    def _committed(self, event: ev.CommittedEvent, now: float) -> None:
        self.arbiter.speaking = False
        self._caller.committed(now)
        self.history.place(event.item_id, "user", event.previous_item_id)

    def _response_created(self, event: ev.ResponseEvent, now: float) -> None:
        response = event.response
        wanted = (response.metadata or {}).get("voxpipe")
        own = self.arbiter.asked is None or wanted != self.arbiter.asked.request_id
        reply = self.arbiter.begun(wanted)
        if own:
            reply.turn = self._new_turn()
        reply.response_id = reply.turn.id = response.id
        timings = reply.turn.timings
        timings.created = now
        if own or self._detection is None:
            self._caller.note_on(timings)
        self._remember(reply)
        if reply.turn.is_cut:
            self._cancel(reply)
        else:
            self.spoken.append(reply)

    def _remember(self, reply: Reply) -> None:
        self._replies[reply.response_id] = reply
        while len(self._replies) > REMEMBERED:
            del self._replies[next(iter(self._replies))]
        while self.spoken and self.spoken[0].ended and self.spoken[0].turn.is_over:
            self.spoken.popleft()

    def _output_item_done(self, event: ev.OutputItemEvent, now: float) -> None:
        reply, item = self._replies.get(event.response_id), event.item
        if reply is None or item.type != "function_call" or not item.call_id:
            return
        if item.status != "completed" or reply.turn.is_cut:
            return  # interrupted while the model was still writing it
        reply.calls[item.call_id] = False
        self._open_calls[item.call_id] = reply
        self._tell(
            "calls",
            ToolCall(
                call_id=item.call_id,
                name=item.name or "",
                arguments=item.arguments or "{}",
            ),
        )

    def _response_done(self, event: ev.ResponseEvent, now: float) -> None:
        response = event.response
        reply = self._replies.get(response.id)
        if reply is None:
            return
        reply.closed = True
        self.arbiter.ended(reply)
        details = response.status_details
        reason = (details.reason if details else None) or ""
        if details and details.error:
            reason = details.error.code or details.error.type or reason
        status = _STATUSES.get(response.status, "failed")
        if status in ("failed", "incomplete"):
            self._report(f"a reply is {status}: {reason or 'no reason given'}")
        reply.settle(status, reason)
        if status == "cancelled" and not reply.turn.is_over:
            self._cut(reply, service_cancels=True)
        if response.usage is not None:
            tokens = response.usage.by_class()
            cost = cost_usd(self._settings.model, tokens)
            self.bill.add(tokens, cost)
            self._tell(
                "usage",
                Usage(kind="reply", tokens=tokens, cost_usd=cost, reply_id=response.id),
            )
        if not reply.turn.generated and not reply.turn.is_over:
            reply.turn.finish()  # nothing of it can be heard
            reply.ended = True
        self._follow_up(reply, now)

    # --- inner workings

    def _new_turn(self) -> Turn:
        refused = self._detection is not None and self._detection.interrupts
        return Turn(hold_refused=_HOLD_REFUSED if refused else None)

    def _follow_up(self, reply: Reply, now: float) -> None:
        # Once, when the reply is through and all its calls are answered. If the caller
        # has cut in, the reply to what they say uses the results anyway.
        if not (reply.calls and reply.closed and all(reply.calls.values())):
            return
        reply.calls = {}
        if not self.arbiter.speaking and not reply.turn.is_cut:
            following = self.ask({}, now, follow_up=True).turn.timings
            if not reply.turn.generated:  # it is this one that answers the caller
                following.user_stopped = reply.turn.timings.user_stopped
                following.committed = reply.turn.timings.committed

    def _silence(self, *, service_cancels: bool) -> None:
        self.arbiter.supersede()
        for reply in tuple(self.spoken):
            if not reply.turn.is_over:
                self._cut(reply, service_cancels=service_cancels)

    def _cut(self, reply: Reply, *, service_cancels: bool) -> None:
        turn = reply.turn
        self._ear_seen = self._ear_seen or turn.has_ear
        if not turn.cut():
            return
        reply.store.clear()
        reply.stored = 0.0
        if not reply.closed and not service_cancels:
            self._cancel(reply)
        items = turn.items()
        for item in items:
            self._words.heard(reply, item)
            # Without an ear nobody knows what was heard: then nothing is taken back.
            order = truncation(item) if self._ear_seen else None
            if order is not None:
                self.outbox.append(order)
                if order["type"] == "conversation.item.delete":
                    self.history.remove(item.item_id)
        self._tell("interruptions", Interruption(cut=turn, items=items))

    def _cancel(self, reply: Reply) -> None:
        self.outbox.append(
            {"type": "response.cancel", "response_id": reply.response_id}
        )

    def _tell(self, port: str, frame: Frame) -> None:
        self.news.append((port, frame))
