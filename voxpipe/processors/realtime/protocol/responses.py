"""What the model says: each reply from its creation to its end, heard or cut.

A reply that is cut is silenced here first, and only then taken back at the service:
cancelled by its id, and each of its items cut to what was heard. Whoever cuts the turn
(an interruption, an ear that has gone, the program) causes the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from voxpipe.pipeline import AudioFrame, FormatError, Interruption, ToolCall, Turn
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.events.parse import AudioDelta

from .arbiter import TAG, Arbiter
from .outbox import Outbox
from .reply import Reply, Status
from .store import STORE_SECONDS
from .transcripts import Transcripts
from .truncation import by_item, deletion, take_back

REMEMBERED = 64  # replies that are over, kept so that late events find them
ITEMS = 64  # of one reply; more is a service gone wild
_STATUSES: dict[str | None, Status] = {
    "completed": "completed",
    "incomplete": "incomplete",
    "cancelled": "cancelled",
}
_HOLD_REFUSED = (
    "the service interrupts this session by itself, so a reply cannot be held: open it "
    "with turn_detection=ServerVad(interrupts=False) and decide in the pipeline"
)


class Responses:
    """All replies that are being made or played.

    Args:
        settings: what the session was opened with.
        arbiter: who asked for them.
        words: follows what they say.
        effects: where orders, frames and complaints go.

    Attributes:
        spoken: replies whose audio is to be played, in order.
        has_spoken: there was audio of the model's in this conversation.
        on_cut: called when a reply was cut, by whomever.
        elsewhere: called instead of taking back what was not heard, where the service
            plays the replies itself.
    """

    def __init__(
        self, settings: Settings, arbiter: Arbiter, words: Transcripts, effects: Outbox
    ) -> None:
        self._settings = settings
        self._arbiter = arbiter
        self._words = words
        self._effects = effects
        self._replies: dict[str, Reply] = {}
        self._ear_seen = False
        self.has_spoken = False
        self.spoken: deque[Reply] = deque()
        self.on_cut: Callable[[], object] = lambda: None
        self.elsewhere: Callable[[Reply], object] | None = None

    def configure(self, settings: Settings) -> None:
        """Other settings are in force, for replies that begin from now on."""
        self._settings = settings

    def new_turn(self) -> Turn:
        """For a reply of this session."""
        detection = self._settings.detection
        if self.elsewhere is not None:
            return Turn(hold_refused="the service plays this reply: it cannot be held")
        refused = detection is not None and detection.interrupts
        return Turn(hold_refused=_HOLD_REFUSED if refused else None)

    def find(self, response_id: str) -> Reply | None:
        """The reply of this id, if it is known and nobody has cut it."""
        reply = self._replies.get(response_id)
        return None if reply is None or reply.turn.is_cut else reply

    @property
    def all_sent(self) -> bool:
        """Nothing waits to be played."""
        return all(reply.ended or reply.turn.is_over for reply in self.spoken)

    @property
    def is_audible(self) -> bool:
        """Some reply is being played, or will be."""
        self._retire()
        return bool(self.spoken)

    # --- what the service says

    def created(self, event: ev.ResponseEvent, now: float) -> Reply | None:
        """A reply has begun; ``None`` if it was known, or is not to be played."""
        response = event.response
        if response.id in self._replies:
            return None
        wanted = (response.metadata or {}).get(TAG)
        reply = self._arbiter.take(wanted)
        if reply is None:
            reply = Reply(turn=self.new_turn())
            if self._arbiter.gave_up(wanted):
                reply.turn.cut()
        self._remember(reply, response.id)
        reply.spoken = self._is_spoken(reply)
        reply.turn.timings.created = now
        if not reply.is_aside:
            self._arbiter.begun(reply)
        if reply.turn.is_cut:
            self._cancel(reply)
            return None
        reply.turn.watch(lambda: self._moved(reply))
        if reply.is_aside:
            return None
        self._retire()
        self.spoken.append(reply)
        return reply

    def audio(self, event: AudioDelta, now: float) -> None:
        """More audio; that of an unknown or cut reply goes nowhere."""
        reply = self._replies.get(event.response_id)
        if reply is None or reply.store.closed or reply.turn.is_cut:
            return
        turn = reply.turn
        try:
            frame = AudioFrame.from_base64(
                event.delta, self._settings.audio, start=turn.generated, turn=turn
            )
        except FormatError as error:
            self._effects.report(f"{event.type}: {error}")
            return
        if not frame.size:
            self._effects.report(f"{event.type}: expected audio, got none")
            return
        if not reply.store.put(frame):
            self._overflow(reply)
            return
        reply.silent.pop(event.item_id, None)
        turn.grow(frame.duration, event.item_id, event.content_index)
        if turn.timings.first_delta is None:
            turn.timings.first_delta = now
            self.has_spoken = self.has_spoken or not reply.is_aside

    def audio_done(self, event: ev.PartDoneEvent, now: float) -> None:
        """An item has all its audio."""
        reply = self.find(event.response_id)
        if reply is not None:
            _complete(reply, event.item_id)

    def words_delta(self, event: ev.DeltaEvent, now: float) -> None:
        """More of what is said, or written, in words."""
        reply = self.find(event.response_id)
        if reply is not None:
            if event.type == "response.output_text.delta":
                reply.silent.pop(event.item_id, None)  # it is written: no audio comes
            elif not reply.is_aside:
                self.has_spoken = True  # of a call that the service carries, all we see
            self._words.delta(reply, event, now)

    def words_done(self, event: ev.PartDoneEvent, now: float) -> None:
        """All words of a part."""
        reply = self.find(event.response_id)
        if reply is not None:
            self._words.done(reply, event)

    def item_added(self, event: ev.OutputItemEvent, now: float) -> None:
        """The model begins a message or a call."""
        reply, item = self._replies.get(event.response_id), event.item
        if reply is None or reply.is_aside or item.type != "message":
            return
        if item.id in reply.whole or reply.has_audio_of(item.id):
            return
        if not reply.spoken or len(reply.silent) >= ITEMS:
            return
        if not reply.turn.is_cut:
            reply.silent[item.id] = None
        elif self._knows_heard(reply):
            # It slipped in before the service heard of the cut: nobody will hear it.
            self._delete(item.id)

    def item_done(self, event: ev.OutputItemEvent) -> ToolCall | None:
        """The model has ended a message or a call; a complete call is returned."""
        reply, item = self._replies.get(event.response_id), event.item
        if reply is None:
            return None
        if item.type == "message":
            if not reply.turn.is_cut:
                _complete(reply, item.id)
            return None
        if item.type != "function_call" or not item.call_id:
            return None
        if item.status != "completed":
            return None  # interrupted while the model was still writing it
        call = ToolCall(
            call_id=item.call_id,
            name=item.name or "",
            arguments=item.arguments or "{}",
        )
        if reply.is_aside:
            if len(reply.calls) < ITEMS:
                reply.calls.append(call)
            return None
        return call

    def done(self, event: ev.ResponseEvent) -> Reply | None:
        """A reply has been made; ``None`` if that is known."""
        response = event.response
        reply = self._replies.get(response.id)
        if reply is None:  # its creation was never told
            wanted = (response.metadata or {}).get(TAG)
            reply = self._arbiter.take(wanted) or Reply(turn=self.new_turn())
            self._remember(reply, response.id)
        if reply.done:
            return None
        reply.done = True
        reply.store.close()
        self._arbiter.ended(reply)
        details = response.status_details
        reason = details.why if details else ""
        status = _STATUSES.get(response.status, "failed")
        if status in ("failed", "incomplete"):
            self._effects.report(f"a reply is {status}: {reason or 'no reason given'}")
        if status == "cancelled" and reply.settled is None:
            self.cut(reply, service_cancels=True)
        reply.settle(status, reason)
        if not reply.turn.generated and not reply.turn.is_over:
            reply.turn.finish()  # nothing of it can be heard
        return reply

    # --- interrupting

    def silence(self, *, service_cancels: bool) -> None:
        """Cut every reply of the conversation that is not over.

        Args:
            service_cancels: the service stops by itself what it is still making.
        """
        self._retire()
        for reply in tuple(self.spoken):
            self.cut(reply, service_cancels=service_cancels)
        if self._arbiter.asked is not None:
            self._arbiter.asked.turn.cut()  # cancelled as soon as it has a name

    def cut(self, reply: Reply, *, service_cancels: bool) -> None:
        """Silence one reply, and take back what was not heard of it."""
        reply.service_cancels = service_cancels
        reply.turn.cut()  # `_moved` does the rest

    def wind_up(self) -> None:
        """No more is to be made; what there is can be played."""
        for reply in self._replies.values():
            if not reply.done and not reply.store.closed:
                reply.store.close()
                self._cancel(reply)

    def abandon(self, reason: str) -> None:
        """The session is over: what has not gone to the ear never will."""
        for reply in tuple(self._replies.values()):
            if not reply.ended:
                reply.turn.cut()
            reply.settle("failed", reason)

    def _moved(self, reply: Reply) -> None:
        turn = reply.turn
        if not turn.is_over or reply.taken_back:
            return
        reply.taken_back = True
        if turn.is_cut:
            reply.store.clear()
            if not reply.done and not reply.service_cancels:
                self._cancel(reply)
        if not reply.is_aside and (turn.is_cut or reply.overflowed):
            self._take_back(reply)
        self.on_cut()

    def _take_back(self, reply: Reply) -> None:
        if self.elsewhere is not None:
            self.elsewhere(reply)
            reply.silent.clear()
            return
        items = reply.turn.items()
        for parts in by_item(items).values():
            self._words.heard(reply, parts)
        if self._knows_heard(reply):
            for order in take_back(items, reply.whole):
                if order["type"] == "conversation.item.delete":
                    self._delete(order["item_id"])
                else:
                    self._effects.outbox.append(order)
            for item_id in reply.silent:
                self._delete(item_id)
        reply.silent.clear()
        self._effects.tell("interruptions", Interruption(cut=reply.turn, items=items))

    def _knows_heard(self, reply: Reply) -> bool:
        # Without an ear nobody knows what was heard; then nothing is taken back but
        # what has not even left.
        self._ear_seen = self._ear_seen or reply.turn.has_ear
        if self.elsewhere is not None:
            return False  # the service knows
        return self._ear_seen or reply.turn.timings.first_sent is None

    def _delete(self, item_id: str) -> None:
        if self._words.history.remove(item_id):
            self._effects.outbox.append(deletion(item_id))

    def _cancel(self, reply: Reply) -> None:
        self._effects.order("response.cancel", response_id=reply.response_id)

    def _overflow(self, reply: Reply) -> None:
        reply.overflowed = True
        reply.store.close()
        why = f"it ran more than {STORE_SECONDS:.0f} s ahead of the ear"
        self._effects.report(f"a reply is cut short: {why}")
        self._cancel(reply)
        reply.settle("incomplete", why)

    # --- keeping

    def _is_spoken(self, reply: Reply) -> bool:
        wanted = (reply.request or {}).get("output_modalities")
        return "audio" in (wanted or [self._settings.output])

    def _remember(self, reply: Reply, response_id: str) -> None:
        reply.response_id = reply.turn.id = response_id
        self._replies[response_id] = reply
        while len(self._replies) > REMEMBERED:
            oldest = self._replies.pop(next(iter(self._replies)))
            if not oldest.done:
                self._arbiter.ended(oldest)
                oldest.turn.cut()
                oldest.settle("failed", f"{REMEMBERED} replies have begun since")

    def _retire(self) -> None:
        """Let go of what is over, or was sent to where no ear is."""
        kept: deque[Reply] = deque()
        for reply in self.spoken:
            turn = reply.turn
            self._ear_seen = self._ear_seen or turn.has_ear
            if reply.ended and not self._ear_seen:
                turn.finish()
            if not turn.is_over:
                kept.append(reply)
        self.spoken = kept
        while len(self.spoken) > REMEMBERED:
            self.cut(self.spoken.popleft(), service_cancels=False)


def _complete(reply: Reply, item_id: str) -> None:
    if len(reply.whole) < ITEMS:
        reply.whole.add(item_id)
