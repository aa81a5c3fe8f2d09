"""The conversation without the network: server events in, client events and frames out.

Rules:
  1. No await, no socket, no clock: time is an argument. It can be fuzzed. (What can be
     awaited, such as `Reply.outcome`, is awaited by the program.)
  2. What a step leaves to be done lies in the `Outbox`; whoever took the step takes it
     out. The one callback is `on_over`, given to the constructor: a turn can be cut by
     anybody, and then there is something to take out though no step was taken.
  3. Who acts on an event stands in one table, in order. Parts return the reply that
     they want to be asked for; only the conversation asks.
  4. Everything is keyed by response and item id; there is no "current item". A
     response's state is in ``response.py``, the settings in force in ``updates.py``,
     and read in place.
  5. An interruption is local first: the turn is cut before the service hears of it.
     Then cancel by response id, then truncate each item at what was played.
  6. Rubbish from the service is reported and dropped; the conversation goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from voxpipe.pipeline import SpeechStarted, SpeechStopped, VoxpipeError
from voxpipe.pipeline.runtime.start import Start
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.changes import Changes
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.events.parse import TRANSCRIPTION, AudioDelta

from .arbiter import Arbiter
from .attribution import lost_beginning
from .deadlines import RESPONSE_TIMEOUT, Deadlines
from .dialogue import Dialogue, Handlers
from .fillers import Fillers
from .hosted_calls import Answers, HostedCalls
from .input import InputAudio
from .item_edits import ItemEdits
from .mcp_frames import McpDecision
from .meanwhile import Meanwhile
from .outbox import Outbox
from .pending import PendingCalls
from .refusals import Refusals
from .remote_playback import RemotePlayback
from .response import Response
from .responses import Responses
from .tool_calls import ToolCalls
from .transcripts import Transcripts
from .updates import SessionSettings, Update
from .usage import UsageMeter

MAX_MESSAGES = 1_024  # waiting to be sent; more is a program that orders in a loop


class Conversation:
    """One session's state.

    Args:
        settings: what the session was opened with.
        host: that is talked to.
        response_timeout: seconds without a sign of life of a reply that is being made.
        on_over: called when the turn of a reply is over by somebody else's doing.
        start: of the run that is to come, for those who wait for what comes of it.

    Attributes:
        outbox: what is to be sent and told; to be taken out after each step.
        arbiter: who has the floor.
        responses: all that are being made or played.
        spoken: those whose audio is to be played, in order.
        hosted: the calls of tools that the service makes itself.
        edits: what the program does to items by hand.
        history: the items, as they were made and played.
        bill: tokens and money so far.
        closed: the service never says that it closes a conversation.
        due: when `advance` has something to do though nothing happens.
    """

    closed = False

    def __init__(
        self,
        settings: Settings,
        *,
        host: str = "",
        response_timeout: float = RESPONSE_TIMEOUT,
        on_over: Callable[[], object] = lambda: None,
        start: Start | None = None,
    ) -> None:
        self.due: float | None = None
        self.outbox = outbox = Outbox()
        self._in_force = in_force = SessionSettings(settings, outbox, start)
        self.arbiter = arbiter = Arbiter()
        self._transcripts = transcripts = Transcripts(in_force, outbox)
        self._input = InputAudio(in_force, arbiter, outbox)
        self.hear = self._input.hear  # fifty times a second: the caller's audio
        carried = settings.call_id is not None
        self._remote = RemotePlayback(transcripts.history, outbox) if carried else None
        self.responses = responses = Responses(
            in_force, arbiter, transcripts, outbox, on_over, self._remote
        )
        self.spoken = responses.spoken
        self._deadlines = Deadlines(responses, outbox, response_timeout)
        self._pending = pending = PendingCalls(responses)
        self._fillers = fillers = Fillers(responses)
        self._tools = ToolCalls(responses, pending, fillers, outbox)
        self.hosted = HostedCalls(responses, pending, transcripts.history, outbox)
        self._usage = UsageMeter(in_force, outbox, host)
        self.edits = ItemEdits(transcripts.history, outbox)
        self.history, self.bill = transcripts.history, self._usage.bill
        self._meanwhile: Meanwhile | None = None  # where a session is lost
        self._refusals = Refusals(
            in_force, arbiter, responses, self._deadlines, self.edits, outbox
        )
        self._dialogue = Dialogue(outbox, self._handlers())

    def _handlers(self) -> Handlers:
        """Who acts on what, in order."""
        responses, transcripts, edits = self.responses, self._transcripts, self.edits
        tools, hosted, audio = self._tools, self.hosted, self._input
        usage = self._usage
        handlers: Handlers = {
            "error": (self._refusals.refused,),
            "session.updated": (self._in_force.updated, audio.settings_changed),
            "conversation.item.added": (transcripts.item, edits.added),
            "conversation.item.done": (
                transcripts.item,
                edits.added,
                tools.item_known,
                hosted.item_done,
            ),
            "conversation.item.retrieved": (edits.retrieved,),
            "conversation.item.truncated": (edits.truncated,),
            "conversation.item.deleted": (edits.deleted,),
            "input_audio_buffer.speech_started": (self._speech_started,),
            "input_audio_buffer.speech_stopped": (audio.speech_stopped,),
            "input_audio_buffer.timeout_triggered": (audio.timeout_triggered,),
            "input_audio_buffer.committed": (audio.committed, transcripts.committed),
            f"{TRANSCRIPTION}.delta": (transcripts.of_caller,),
            f"{TRANSCRIPTION}.completed": (transcripts.of_caller, usage.transcription),
            f"{TRANSCRIPTION}.failed": (transcripts.of_caller,),
            "response.created": (self._created,),
            "response.output_item.added": (responses.item_added, hosted.item_added),
            "response.output_item.done": (tools.item_done, hosted.output_done),
            "response.output_audio.done": (responses.audio_done,),
            "response.output_text.delta": (responses.words_delta,),
            "response.output_text.done": (responses.words_done,),
            "response.output_audio_transcript.delta": (responses.words_delta,),
            "response.output_audio_transcript.done": (responses.words_done,),
            "response.mcp_call_arguments.done": (hosted.arguments_done,),
            "response.mcp_call.in_progress": (hosted.running,),
            "response.mcp_call.completed": (hosted.completed,),
            "response.mcp_call.failed": (hosted.failed,),
            "mcp_list_tools.failed": (hosted.list_failed,),
            "response.done": (self._done,),
        }
        remote = self._remote
        if remote is not None:
            handlers |= {
                "conversation.item.truncated": (remote.truncated, edits.truncated),
                "output_audio_buffer.started": (responses.found(remote.started),),
                "output_audio_buffer.stopped": (responses.found(remote.stopped),),
                "output_audio_buffer.cleared": (responses.cleared,),
                "input_audio_buffer.dtmf_event_received": (remote.pressed,),
            }
        return handlers

    @property
    def settings(self) -> Settings:
        """What is in force."""
        return self._in_force.settings

    # --- what the caller does

    def mark(self, mark: SpeechStarted | SpeechStopped, now: float) -> None:
        """The pipeline's own turn detection; other owners of turns do not listen."""
        if self.settings.turn_detection != "local":
            return
        if isinstance(mark, SpeechStarted):
            self.arbiter.caller_starts()
            self.responses.silence(now, service_cancels=False)
            self._input.begin(mark.at, now)
        elif self.arbiter.speaking:
            self._close_turn(self._input.moment_of(mark.at, now), now)
        self.advance(now)

    def end_turn(self, now: float) -> None:
        """Close the caller's turn, and ask for a reply."""
        self._close_turn(now, now)
        self.advance(now)

    def hang_up(self, now: float) -> None:
        """The caller has gone: whatever was said last is to be answered."""
        self._fillers.clear()  # nobody need be kept company
        if self._input.is_ours_to_close:
            self.end_turn(now)
        else:
            self._input.fall_silent(now)

    def _close_turn(self, stopped_at: float, now: float) -> None:
        if self._input.close(stopped_at, now):
            self._wish(self.responses.new({}, follow_up=True), now)

    # --- what the program asks for

    def request(self, options: dict[str, Any], now: float) -> Response:
        """Ask for a reply with the program's own options, when the floor is free.

        Raises:
            TypeError, ValueError: an option that JSON cannot express.
        """
        json.dumps(options, allow_nan=False)
        response = self.responses.new(options)
        self.advance(now, response)
        return response

    def send(self, kind: str, /, **fields: Any) -> None:
        """Send a client event of the program's.

        Raises:
            TypeError, ValueError: a field that JSON cannot express.
            VoxpipeError: too many messages wait to be sent.
        """
        json.dumps(fields, allow_nan=False)
        if len(self.outbox.messages) >= MAX_MESSAGES:
            wait = f"{MAX_MESSAGES} messages wait to be sent to the service"
            raise VoxpipeError(wait)
        self.outbox.send(kind, **fields)

    def update(self, changes: Changes, now: float) -> Update:
        """Ask the service for other settings.

        Raises:
            ConfigurationError: that cannot be changed, or not now, or not so.
            TypeError: no such field.
            VoxpipeError: too many updates wait for an answer.
        """
        spoken, replying = self.responses.has_spoken, self.arbiter.is_replying
        update = self._in_force.update(changes, now, spoken=spoken, replying=replying)
        self.advance(now)
        return update

    def add_result(self, result: Answers, now: float) -> None:
        """A tool has answered, or tells of its work; or somebody decides on a call."""
        if isinstance(result, McpDecision):
            wished = self.hosted.decide(result, now)
        else:
            wished = self._tools.add(result)
        self.advance(now, wished)

    def interrupt(self, now: float) -> None:
        """Silence every reply that is not over, and drop what is not yet begun."""
        self.arbiter.withdraw()
        self.responses.silence(now, service_cancels=False)
        self.advance(now)

    def _wish(self, response: Response, now: float) -> None:
        response.turn.timings.requested = now
        event = self.arbiter.wish(response, now)
        if event is not None:
            self.outbox.messages.append(event)

    # --- time

    def advance(self, now: float, wished: Response | None = None) -> None:
        """Ask for what may be asked for by now, and give up what takes too long."""
        arbiter, fillers = self.arbiter, self._fillers
        if wished is not None:
            self._wish(wished, now)
        if self.responses.making:
            for lost in self._deadlines.advance(now):
                self._ended(lost, ev.Response(), now)
        if self.due is not None and now >= self.due:
            self._give_up_late(now)
        event = arbiter.next(now)
        if fillers.waits and (filler := fillers.next(now, is_quiet=self.is_quiet)):
            self._wish(filler, now)  # it is quiet, so nothing else was asked for
            event = arbiter.next(now)
        if event is not None:
            self.outbox.messages.append(event)
        dues = [arbiter.due, fillers.due, self._deadlines.due]
        if self._meanwhile is not None:
            self._meanwhile.advance(now, is_free=not arbiter.speaking)
            dues.append(self._meanwhile.due)
        if self.hosted.calls:
            dues.append(self.hosted.due)
        if self._in_force.asked:
            dues.append(self._in_force.due)
        if self._remote is not None:
            dues.append(self._remote.due)
        self.due = min([due for due in dues if due is not None], default=None)

    def _give_up_late(self, now: float) -> None:
        """Wait no longer for what the service should have told by now."""
        for text in self.arbiter.expire(now):
            self.outbox.report(text)
        for wished in self.hosted.advance(now):
            self._wish(wished, now)
        self._in_force.advance(now)
        if self._remote is not None:
            self._remote.advance(now)

    # --- how it ends

    def is_idle(self, now: float) -> bool:
        """Nothing is being made, expected, run by a tool, or written down."""
        return (
            self.arbiter.is_idle
            and not self._tools.any_open
            and not self.hosted.any_open
            and not self._transcripts.is_waiting(now)
        )

    @property
    def is_quiet(self) -> bool:
        """Nobody speaks, and nothing is being made or about to be."""
        return self.arbiter.is_free and self.responses.turn is None

    def wind_up(self, reason: str) -> None:
        """Begin nothing more; what is there can still be played."""
        self.arbiter.give_up(reason)
        self.responses.wind_up()

    def end(self, reason: str) -> None:
        """The session is over: whoever waits for a reply is told."""
        self.arbiter.give_up(reason)
        self.responses.abandon(reason)
        self.edits.give_up(reason)
        self._in_force.end(reason)

    # --- what the service says

    def receive(self, message: str, now: float) -> bool:
        """Act on one message; rubbish is reported and dropped.

        Returns:
            ``False`` for audio, if nothing has moved but a store.
        """
        event, acting = self._dialogue.read(message)
        of = getattr(event, "response_id", None)
        if isinstance(of, str) and of and not self.responses.alive(of, now):
            lost = lost_beginning(of, self.arbiter)
            if lost is not None:
                self.outbox.report("the beginning of a reply was not told")
                self._created(lost, now)
        if isinstance(event, AudioDelta):
            self.responses.audio(event, now)
            if not (self.outbox.reports or self.outbox.messages):
                return False
        for act in acting:
            wished = act(event, now)
            if wished is not None:
                self._wish(wished, now)
        self.advance(now)
        return True

    def _speech_started(self, event: ev.SpeechEvent, now: float) -> None:
        detection = self._in_force.settings.detection
        if detection is None:
            return
        self._input.speech_started(now)
        if detection.interrupts:
            self.responses.silence(now, service_cancels=True)

    def _created(self, event: ev.ResponseEvent, now: float) -> None:
        begun = self.responses.created(event, now)
        if begun is None:
            return
        self._tools.begun(begun)
        if begun.answers:
            self._pending.begun(begun)
        own = begun.options is None
        if own or (self.settings.detection is None and begun.answers):
            self._input.note_on(begun.turn.timings)
        if not begun.is_told:
            begun.is_told = True
            self.outbox.begin(begun.turn)

    def _done(self, event: ev.ResponseEvent, now: float) -> None:
        told = event.response
        if not told.id:
            only = self.responses.only()
            if only is None:
                self.outbox.report(f"{event.type}: it does not say what it is about")
                return
            told = told.model_copy(update={"id": only.id})  # no other can have ended
        self._tools.made(told, now)  # of an aside they belong to its outcome
        response = self.responses.done(told, now)
        if response is None:
            return
        if response.turn.timings.created is None:  # nothing was told of it before
            for wished in self._tools.made(told, now):
                self._wish(wished, now)
        self._ended(response, told, now)

    def _ended(self, response: Response, told: ev.Response, now: float) -> None:
        self._usage.response(told, response)
        following = self._pending.follow_up(response)
        if following is not None:
            self._wish(following, now)
