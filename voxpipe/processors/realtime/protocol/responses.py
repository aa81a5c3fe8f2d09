"""What the model says: each response from its creation to its end, played or cut.

One that is cut is silenced here first, and only then taken back at the service:
cancelled by its id, and each of its items cut to what was played. Whoever cuts the turn
(an interruption, a sink that has gone, the program) causes the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voxpipe.pipeline import AudioFrame, FormatError, ToolCall, Turn
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.events.parse import AudioDelta

from .arbiter import Arbiter
from .attribution import whose
from .interruption import Interruptions
from .outbox import Outbox
from .remote_playback import RemotePlayback
from .response import HOLD_REFUSED, MAX_ITEMS, STATUSES, Response, Status, call_of
from .store import STORE_SECONDS
from .transcripts import Transcripts
from .updates import SessionSettings

MAX_REMEMBERED = 64  # responses that are over, kept so that late events find them


class Responses:
    """All responses that are being made or played.

    Args:
        in_force: the audio's format, and who interrupts.
        arbiter: who asked for them.
        transcripts: follows what they say.
        outbox: where client events, frames and reports go.
        on_over: called when a turn is over that was not cut here: there may be
            something to send.
        remote: plays them, if they are not played here.

    Attributes:
        spoken: those whose audio is to be played, in order.
        making: those that the service makes now, and some that it made before.
        has_spoken: there was audio of the model's in this conversation.
    """

    def __init__(
        self,
        in_force: SessionSettings,
        arbiter: Arbiter,
        transcripts: Transcripts,
        outbox: Outbox,
        on_over: Callable[[], object],
        remote: RemotePlayback | None = None,
    ) -> None:
        self._in_force = in_force
        self._arbiter = arbiter
        self._transcripts = transcripts
        self._outbox = outbox
        self._on_over = on_over
        self._remote = remote
        self._known: dict[str, Response] = {}
        is_remote = remote is not None
        self._interruptions = Interruptions(transcripts, outbox, is_remote=is_remote)
        self.know_retold = self._interruptions.know_retold
        self.has_spoken = False
        self.spoken: list[Response] = []
        self.making: list[Response] = []

    def new(
        self, options: dict[str, Any] | None = None, *, follow_up: bool = False
    ) -> Response:
        """One of this session, to be asked for with these options."""
        return Response(self._new_turn(), options, follow_up, self._in_force.start)

    def find(self, response_id: str) -> Response | None:
        """The response of this id, if it is known and nobody has cut it."""
        response = self._known.get(response_id)
        return None if response is None or response.turn.is_cut else response

    @property
    def all_left(self) -> bool:
        """Nothing waits to be sent to a sink."""
        return all(each.left == "all" or each.turn.is_over for each in self.spoken)

    @property
    def turn(self) -> Turn | None:
        """Of the reply that is being played, or will be next."""
        self._retire()
        return self.spoken[0].turn if self.spoken else None

    # --- what the service says

    def created(self, event: ev.ResponseEvent, now: float) -> Response | None:
        """One has begun; ``None`` if it was known, or is not to be played."""
        told = event.response
        if told.id in self._known:
            return None
        response = whose(told, self._arbiter, self.new)
        response.begin(told.id, now, is_spoken=self._is_spoken(response))
        self._remember(response)
        self.making.append(response)
        response.turn.timings.created = response.turn.timings.created or now
        if not response.is_aside:
            self._arbiter.begun(response)
        if response.turn.is_cut:
            self.cancel(response)
            return None
        response.turn.unwatch(response.watch)  # of a session before this one
        response.watch = response.turn.watch(lambda: self._moved(response))
        if response.is_aside:
            return None
        self._retire()
        if response not in self.spoken:
            self.spoken.append(response)
        return response

    def audio(self, event: AudioDelta, now: float) -> None:
        """More audio; that of an unknown or cut response goes nowhere."""
        response = self._known.get(event.response_id)
        if response is None:
            self._outbox.report(f"{event.type}: expected a known reply's, got another")
            return
        if response.store.closed or response.turn.is_cut:
            return
        turn, response.heard_at = response.turn, now
        try:
            frame = AudioFrame.from_base64(
                event.delta,
                self._in_force.settings.audio,
                start=turn.generated,
                turn=turn,
            )
        except FormatError as error:
            self._outbox.report(f"{event.type}: {error}")
            return
        if not frame.size:
            self._outbox.report(f"{event.type}: expected audio, got none")
            return
        if not response.store.put(frame):
            self._overflow(response)
            return
        response.silent.pop(event.item_id, None)
        turn.grow(frame.duration, event.item_id, event.content_index)
        if turn.timings.first_delta is None:
            turn.timings.first_delta = now
            self.has_spoken = self.has_spoken or not response.is_aside

    def alive(self, response_id: str, now: float) -> bool:
        """Something is told of one; ``False`` if nobody knows it."""
        response = self._known.get(response_id)
        if response is None:
            return False
        response.heard_at = now
        return True

    def audio_done(self, event: ev.PartDoneEvent, now: float) -> None:
        """An item has all its audio."""
        response = self.find(event.response_id)
        if response is not None:
            response.complete(event.item_id)

    def words_delta(self, event: ev.DeltaEvent, now: float) -> None:
        """More of what is said, or written, in words."""
        response = self.find(event.response_id)
        if response is not None:
            if event.type == "response.output_text.delta":
                response.silent.pop(event.item_id, None)  # written: no audio comes
            elif not response.is_aside:
                self.has_spoken = True  # of a call that the service carries, all we see
            self._transcripts.delta(response, event, now)

    def words_done(self, event: ev.PartDoneEvent, now: float) -> None:
        """All words of a part."""
        response = self.find(event.response_id)
        if response is not None:
            self._transcripts.done(response, event)

    def item_added(self, event: ev.OutputItemEvent, now: float) -> None:
        """The model begins a message or a call."""
        response, item = self._known.get(event.response_id), event.item
        if response is None or response.is_aside or item.type != "message":
            return
        if item.id in response.whole or response.has_audio_of(item.id):
            return
        if not response.is_spoken or len(response.silent) >= MAX_ITEMS:
            return
        if not response.turn.is_cut:
            response.silent[item.id] = None
        else:
            # It slipped in before the service heard of the cut: nobody will hear it.
            self._interruptions.take_back_unheard(response, item.id)

    def item_done(self, event: ev.OutputItemEvent) -> tuple[Response, ToolCall] | None:
        """The model has ended a message or a call; gives a complete call, and whose."""
        response, item = self._known.get(event.response_id), event.item
        if response is None:
            return None
        if item.type == "message":
            if not response.turn.is_cut:
                response.complete(item.id)
            return None
        call = call_of(item)
        if call is None:
            return None
        if response.is_aside:
            known = {each.call_id for each in response.wanted}
            if call.call_id not in known and len(known) < MAX_ITEMS:
                response.wanted.append(call)
            return None
        return response, call

    def only(self) -> Response | None:
        """The one that is being made, if no other is."""
        making = [each for each in self.making if each.phase == "making"]
        return making[0] if len(making) == 1 else None

    def done(self, told: ev.Response, now: float) -> Response | None:
        """One has been made; ``None`` if that is known."""
        response = self._known.get(told.id)
        if response is None:  # its creation was never told
            response = whose(told, self._arbiter, self.new)
        elif response.phase != "making":
            was_lost, response.is_lost = response.is_lost, False
            return response if was_lost else None  # its bill is to be told
        reason = told.status_details.why if told.status_details else ""
        status = STATUSES.get(told.status, "failed")
        if status == "cancelled" and response.stalled:
            status, reason = "failed", response.stalled
        if status in ("failed", "incomplete"):
            self._outbox.fell_short(status, reason)
        self._end(response, told, status, reason, now)
        if told.id not in self._known:
            self._remember(response)
        return response

    def lose(self, response: Response, reason: str, now: float) -> None:
        """The end of one is not told: what there is of it can be played."""
        self._outbox.reply_failed(f"a reply is given up: {reason}")
        response.is_lost = True
        self.conclude(response, "failed", reason, now)

    def conclude(
        self, response: Response, status: Status, reason: str, now: float
    ) -> None:
        """Nothing more comes of one, and nobody says so."""
        self._end(response, ev.Response(id=response.id), status, reason, now)

    def forget(self, response: Response, *, goes_on: bool) -> None:
        """The session that made it is lost; another one makes it, or goes on."""
        self._known.pop(response.id, None)
        response.break_off()
        if not goes_on:
            response.turn.unwatch(response.watch)
            self.spoken = [each for each in self.spoken if each is not response]

    def _end(
        self,
        response: Response,
        told: ev.Response,
        status: Status,
        reason: str,
        now: float,
    ) -> None:
        if self._remote is not None:
            self._remote.made(response, told, now)
        self._transcripts.made(response, told)
        response.end(told.id, told.usage.by_class() if told.usage else {})
        self._arbiter.ended(response)
        if status == "cancelled" and response.settled is None:
            self.cut(response, now, service_cancels=True)
        response.settle(status, reason)
        if response.turn.generated:
            self._outbox.stirred = True
        elif not response.turn.is_over:  # nothing of it can be played
            response.turn.unwatch(response.watch)
            response.turn.finish()
            if response in self.spoken:
                self.spoken.remove(response)
            self._outbox.stirred |= bool(self.spoken)

    def cleared(self, event: ev.PlaybackEvent, now: float) -> None:
        """Where the service plays it, it has stopped it."""
        response = self.find(event.response_id)
        if response is not None:
            self.cut(response, now, service_cancels=True)

    def found(
        self, act: Callable[[Response, float], None]
    ) -> Callable[[ev.PlaybackEvent, float], None]:
        """Has ``act`` act on the response that an event names, if it is known."""

        def handle(event: ev.PlaybackEvent, now: float) -> None:
            response = self.find(event.response_id)
            if response is not None:
                act(response, now)

        return handle

    # --- interrupting

    def silence(self, now: float, *, service_cancels: bool) -> None:
        """Cut every reply that is not over; the service may cancel them by itself."""
        self._retire()
        for response in tuple(self.spoken):
            self.cut(response, now, service_cancels=service_cancels)
        if self._arbiter.asked is not None:
            self._arbiter.asked.turn.cut()  # cancelled as soon as it has a name

    def cut(self, response: Response, now: float, *, service_cancels: bool) -> None:
        """Silence one, and take back what was not played of it."""
        if response.turn.is_over:
            return
        response.turn.unwatch(response.watch)
        if self._remote is not None:
            self._remote.stop(response, now)
        response.turn.cut()
        self._over(response, service_cancels=service_cancels)

    def wind_up(self) -> None:
        """No more is to be made; what there is can be played."""
        for response in self._known.values():
            if response.phase == "making" and not response.store.closed:
                response.store.close()
                self._outbox.stirred = True
                self.cancel(response)

    def abandon(self, reason: str) -> None:
        """The session is over: what has not been sent never will be."""
        for response in tuple(self._known.values()):
            if response.left != "all":
                response.turn.cut()
            response.settle("failed", reason)

    def _moved(self, response: Response) -> None:
        if response.turn.is_over:
            response.turn.unwatch(response.watch)
            self._over(response, service_cancels=False)
            self._on_over()

    def _over(self, response: Response, *, service_cancels: bool) -> None:
        turn = response.turn
        self._outbox.stirred = True
        if turn.is_cut:
            response.store.clear()
            if response.phase == "making" and not service_cancels:
                self.cancel(response)
        if response.is_aside or not (turn.is_cut or response.overflowed):
            return
        if self._remote is not None:
            self._remote.take_back(response, service_cancels=service_cancels)
        self._interruptions.take_back(response)

    def cancel(self, response: Response, **fields: Any) -> None:
        """Tell the service to end one that it makes."""
        response.cancelled = True
        self._outbox.send("response.cancel", response_id=response.id, **fields)

    def _overflow(self, response: Response) -> None:
        response.overflowed = self._outbox.stirred = True
        response.store.close()
        why = f"it ran more than {STORE_SECONDS:.0f} s ahead of the ear"
        self._outbox.report(f"a reply is cut short: {why}")
        self.cancel(response)
        response.settle("incomplete", why)

    # --- keeping

    def _new_turn(self) -> Turn:
        detection = self._in_force.settings.detection
        interrupts = detection is not None and detection.interrupts
        why = HOLD_REFUSED if interrupts else None
        if self._remote is not None:
            why = "the service plays this reply: it cannot be held"
        return Turn(hold_refused=why, start=self._in_force.start)

    def _is_spoken(self, response: Response) -> bool:
        wanted = (response.options or {}).get("output_modalities")
        return "audio" in (wanted or [self._in_force.settings.output])

    def _remember(self, response: Response) -> None:
        self._known[response.id] = response
        while len(self._known) > MAX_REMEMBERED:
            oldest = self._known.pop(next(iter(self._known)))
            if oldest.phase == "making":
                self._arbiter.ended(oldest)
                oldest.drop("failed", f"{MAX_REMEMBERED} replies have begun since")

    def _retire(self) -> None:
        """Let go of what is over, or was sent to where nobody plays it."""
        for response in tuple(self.spoken):
            turn = response.turn
            is_heard = self._interruptions.has_playhead(turn)
            if response.left == "all" and not is_heard:
                turn.finish()
            if turn.is_over:
                self.spoken.remove(response)
        while len(self.spoken) > MAX_REMEMBERED:
            self.spoken.pop(0).turn.cut()
