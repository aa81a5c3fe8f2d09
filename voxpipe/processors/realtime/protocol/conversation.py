"""The conversation without the network: server events in, orders and frames out.

Rules:
  1. No await, no socket, no clock: time is an argument. It can be fuzzed.
  2. Everything is keyed by response and item id; there is no "current item".
  3. An interruption is local first: the turn is cut before the service hears of it.
     Then cancel by response id, then truncate each item at what was heard.
  4. Rubbish from the service is reported and dropped; the conversation goes on.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from voxpipe.pipeline import (
    AudioFrame,
    Frame,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
    VoxpipeError,
)
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.events import ServerEvent
from voxpipe.processors.realtime.events.parse import TRANSCRIPTION, AudioDelta
from voxpipe.processors.realtime.money.prices import Bill

from .arbiter import Arbiter
from .dialogue import Reading
from .history import History
from .hosted_calls import Answers, HostedCalls
from .input import Hearing
from .item_edits import ItemEdits
from .mcp_frames import McpApproval, McpDecision
from .outbox import ClientEvent, Outbox
from .remote_playback import RemotePlayback
from .reply import Reply
from .responses import Responses
from .tool_calls import Calling
from .transcripts import Transcripts
from .updates import SessionSettings
from .usage import UsageMeter

ORDERS = 1_024  # waiting to be sent; more is a program that orders in a loop
_BUSY = "conversation_already_has_active_response"
# Crossed with what it was to prevent: a reply that ended by itself, an item that the
# service had not made yet or the program has edited, audio that it had committed first.
_BENIGN = {
    "response_cancel_not_active",
    "item_delete_invalid_item_id",
    "item_truncate_invalid_item_id",
    "item_already_truncated",
    "input_audio_buffer_commit_empty",
}


class Conversation:
    """One session's state.

    Args:
        settings: what the session was opened with.
        report: told of everything unusable or refused.
        host: that is talked to.

    Attributes:
        on_cut: called when a reply was cut, by whomever, and there may be orders.
    """

    def __init__(
        self, settings: Settings, report: Callable[[str], None], host: str = ""
    ) -> None:
        self._settings = settings
        self._detection = settings.detection
        self._effects = Outbox(report)
        self.on_cut: Callable[[], object] = lambda: None
        self._words = Transcripts(self._effects)
        self._reading = Reading(self._effects)
        self.arbiter = Arbiter()
        self._hearing = Hearing(settings, self.arbiter, self._words, self._effects)
        self._speaking = Responses(settings, self.arbiter, self._words, self._effects)
        self._speaking.on_cut = lambda: self.on_cut()
        self._account = UsageMeter(settings, self._effects, host)
        self.terms = SessionSettings(
            settings, self.arbiter, self._speaking, self._effects
        )
        self.terms.on_change = self._configure
        self.edits = ItemEdits(self._words, self._effects)
        self._calling = calling = Calling(
            self._speaking,
            self._effects,
            lambda options, now, late: self.ask(options, now, follow_up=late),
            lambda: self.is_quiet,
        )
        words, hearing, speaking = self._words, self._hearing, self._speaking
        self._handlers: dict[str, Callable[[Any, float], object]] = {
            "error": self._error,
            "session.created": _acknowledged,
            "session.updated": self.terms.updated,
            **self.edits.handlers,
            "conversation.item.done": self._item_done,
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.speech_stopped": hearing.speech_stopped,
            "input_audio_buffer.timeout_triggered": hearing.timeout_triggered,
            "input_audio_buffer.committed": hearing.committed,
            f"{TRANSCRIPTION}.delta": words.of_caller,
            f"{TRANSCRIPTION}.completed": self._transcribed,
            f"{TRANSCRIPTION}.failed": words.of_caller,
            "response.created": self._response_created,
            "response.output_item.added": speaking.item_added,
            "response.output_item.done": calling.item_done,
            "response.output_audio.done": speaking.audio_done,
            "response.output_text.delta": speaking.words_delta,
            "response.output_text.done": speaking.words_done,
            "response.output_audio_transcript.delta": speaking.words_delta,
            "response.output_audio_transcript.done": speaking.words_done,
            "response.done": self._response_done,
        }

        self._mcp = HostedCalls(speaking, calling, self.arbiter, words, self._effects)
        self._mcp.wrap(self._handlers)
        if settings.call_id is not None:
            RemotePlayback(speaking, words, self._effects).wrap(self._handlers)

    @property
    def outbox(self) -> deque[ClientEvent | AudioFrame]:
        """What is to be sent, in order."""
        return self._effects.outbox

    @property
    def news(self) -> deque[tuple[str, Frame]]:
        """Frames for the ports, by the port's name, in order."""
        return self._effects.news

    @property
    def spoken(self) -> deque[Reply]:
        """Replies whose audio is to be played, in order."""
        return self._speaking.spoken

    @property
    def bill(self) -> Bill:
        """Tokens and money so far."""
        return self._account.bill

    @property
    def history(self) -> History:
        """The items, said and heard."""
        return self._words.history

    # --- what the caller does

    def hear(self, frame: AudioFrame, now: float) -> None:
        """The caller's audio."""
        self._hearing.hear(frame, now)

    def mark(self, mark: SpeechStarted | SpeechStopped, now: float) -> None:
        """The pipeline's own turn detection; other owners of turns do not listen."""
        if self._settings.turn_detection != "local":
            return
        if isinstance(mark, SpeechStarted):
            self.arbiter.caller_starts()
            self._speaking.silence(service_cancels=False)
            self._hearing.begin(mark.at, now)
        elif self.arbiter.speaking:
            self._close_turn(self._hearing.stopped_at(mark.at, now), now)
        self.pump(now)

    def end_turn(self, now: float) -> None:
        """Close the caller's turn, and ask for a reply."""
        self._close_turn(now, now)
        self.pump(now)

    def hang_up(self, now: float) -> None:
        """The caller has gone: whatever was said last is to be answered."""
        self._calling.hang_up()
        if self._hearing.can_close:
            self.end_turn(now)
        else:
            self._hearing.fall_silent(now)

    def _close_turn(self, stopped_at: float, now: float) -> None:
        if self._hearing.close(stopped_at, now):
            self.ask({}, now, follow_up=True)

    # --- orders

    def ask(
        self, request: dict[str, Any], now: float, *, follow_up: bool = False
    ) -> Reply:
        """Ask for a reply as soon as the floor is free."""
        turn = self._speaking.new_turn()
        reply = Reply(turn=turn, request=request, follow_up=follow_up)
        turn.timings.requested = now
        order = self.arbiter.wish(reply)
        if order is not None:
            self.outbox.append(order)
        self.pump(now)
        return reply

    def request(self, options: dict[str, Any], now: float) -> Reply:
        """Ask for a reply with the program's own options.

        Raises:
            TypeError, ValueError: an option that JSON cannot express.
        """
        json.dumps(options, allow_nan=False)
        return self.ask(options, now)

    def order(self, kind: str, /, **fields: Any) -> None:
        """Send a client event of the program's.

        Raises:
            TypeError, ValueError: a field that JSON cannot express.
            VoxpipeError: too many orders wait to be sent.
        """
        json.dumps(fields, allow_nan=False)
        if len(self.outbox) >= ORDERS:
            raise VoxpipeError(f"{ORDERS} orders wait to be sent to the service")
        self._effects.order(kind, **fields)

    def add_result(self, result: Answers, now: float) -> None:
        """A tool has answered, or tells of its work; or somebody decides on a call."""
        if isinstance(result, McpDecision):
            self._mcp.decide(result, now)
        else:
            self._calling.add(result, now)
        self.pump(now)

    def refuse(self, call: ToolCall | McpApproval, now: float) -> None:
        """Nobody takes it: answer, or the model waits for ever."""
        if isinstance(call, McpApproval):
            self._mcp.refuse(call, now)
        else:
            self._calling.refuse(call, now)
        self.pump(now)

    def interrupt(self, now: float) -> None:
        """Silence every reply that is not over, and drop what is not yet begun."""
        self.arbiter.withdraw()
        self._speaking.silence(service_cancels=False)
        self.pump(now)

    def pump(self, now: float) -> None:
        """Ask for what may be asked for by now, and give up what takes too long."""
        late = self.arbiter.overdue(now)
        if late is not None:
            why = "the service did not take it up"
            self._effects.report(f"a reply was asked for, and {why}")
            late.turn.cut()
            late.settle("failed", why)
        order = self.arbiter.next(now)
        if order is not None:
            self.outbox.append(order)
        self._calling.fill(now)

    @property
    def due(self) -> float | None:
        """When `pump` has something to do though nothing happens."""
        due = (self.arbiter.due, self._calling.due)
        return min((each for each in due if each is not None), default=None)

    # --- how it ends

    def is_idle(self, now: float) -> bool:
        """Nothing is being made, expected, run by a tool, or written down."""
        return (
            self.arbiter.is_idle
            and not self._calling.any_open
            and not self._mcp.any_open
            and not self._words.is_waiting(now)
        )

    @property
    def is_quiet(self) -> bool:
        """Nobody speaks, and nothing is being made or about to be."""
        return self.arbiter.is_free and not self._speaking.is_audible

    @property
    def all_sent(self) -> bool:
        """Everything that was made has gone to the ear."""
        return self._speaking.all_sent

    def wind_up(self, reason: str) -> None:
        """Begin nothing more; what is there can still be played."""
        self.arbiter.give_up(reason)
        self._speaking.wind_up()

    def end(self, reason: str) -> None:
        """The session is over: whoever waits for a reply is told."""
        self.arbiter.give_up(reason)
        self._speaking.abandon(reason)
        self.edits.give_up(reason)
        self.terms.end(reason)

    # --- what the service says

    def receive(self, message: str, now: float) -> None:
        """Act on one message; rubbish is reported and dropped."""
        event = self._reading.read(message)
        if event is None:
            return
        if isinstance(event, AudioDelta):
            self._speaking.audio(event, now)
            return
        self._effects.tell("events", ServerEvent(event))
        handle = self._handlers.get(event.type)
        if handle is not None and not event.is_nameless:
            handle(event, now)
        self.pump(now)

    def _error(self, event: ev.ErrorEvent, now: float) -> None:
        error = event.error
        if self.edits.refused(error):
            return
        busy = error.code == _BUSY
        if busy and error.event_id is None and self.arbiter.asked is None:
            if self._detection is not None and self._detection.replies:
                # It wanted to answer the caller while another reply was being made.
                self.ask({}, now, follow_up=True)
            return
        self.terms.refused(error)
        reply = self.arbiter.refused(error.event_id, busy=busy, now=now)
        if reply is not None:
            reply.turn.cut()
            reply.store.clear()
            reply.settle("rejected", error.code or error.type or "")
        if error.code not in _BENIGN and not busy:
            self._effects.report(f"the service refused: {error.name}")

    def _speech_started(self, event: ev.SpeechEvent, now: float) -> None:
        if self._detection is None:
            return
        self._hearing.speech_started()
        if self._detection.interrupts:
            self._speaking.silence(service_cancels=True)

    def _configure(self, settings: Settings) -> None:
        self._settings, self._detection = settings, settings.detection
        for each in (self._hearing, self._speaking, self._account):
            each.configure(settings)

    def _item_done(self, event: ev.ItemEvent, now: float) -> None:
        self._words.item(event, now)
        self._calling.item_known(event)

    def _transcribed(self, event: ev.TranscriptionEvent, now: float) -> None:
        self._words.of_caller(event, now)
        self._account.transcription(event)

    def _response_created(self, event: ev.ResponseEvent, now: float) -> None:
        reply = self._speaking.created(event, now)
        if reply is None:
            return
        self._calling.begun(reply)
        own = reply.request is None
        if own or (self._detection is None and reply.answers):
            self._hearing.note_on(reply.turn.timings)

    def _response_done(self, event: ev.ResponseEvent, now: float) -> None:
        reply = self._speaking.done(event)
        if reply is not None:
            self._words.measure(reply)
            self._account.reply(event.response)
            self._calling.follow_up(reply, now)


def _acknowledged(event: ev.SessionEvent, now: float) -> None:
    """`open_session` has read the first one."""
