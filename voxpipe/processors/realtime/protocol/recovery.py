"""A conversation that goes on in another session when its own is lost.

Rules:
  1. Whoever has ordered something keeps it until the service has answered: wishes the
     arbiter, updates and edits theirs, the caller's audio `KeptAudio`, items
     `OwnItems`. So when a session is lost, what waits to be sent is simply forgotten,
     and another session is told everything from there.
  2. What was said and heard is the history's. The names of items stay: the other
     session is told under which name it is to have them.
  3. What was told once is not told again: that it knows an item now is no news.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

from voxpipe.pipeline import AudioFrame
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.events.parse import TRANSCRIPTION

from .broken_off import BrokenOff
from .conversation import Conversation
from .dialogue import Handler, Handlers
from .export import LeftOut
from .kept_audio import KeptAudio
from .meanwhile import Meanwhile
from .outbox import CREATE
from .own_items import OwnItems
from .reconnected import Reconnected
from .response import Response
from .retelling import retold


class RecoveringConversation(Conversation):
    """As `Conversation`, and more.

    Args:
        settings: what the session was opened with.
        say: what the caller hears when another one is long in coming.
        more: as of `Conversation`.
    """

    def __init__(
        self, settings: Settings, *, say: AudioFrame | None = None, **more: Any
    ) -> None:
        self._kept = KeptAudio(settings.audio)
        self._own = OwnItems()
        self._retold: set[str] = set()
        super().__init__(settings, **more)
        self._input.kept = self._kept
        self.outbox.items = self._own
        self._broken = BrokenOff(self.responses, self._transcripts)
        self._say = say
        self._lost_at = 0.0
        self._is_lost = False
        self._was_heard = False  # the caller was speaking, as the service said
        self._unbilled = 0
        self._is_deaf = False  # another session is opened without turn detection
        # Turns that it is to hear again: their names until it gives them new ones.
        self._heard_again: deque[str] = deque()

    def _handlers(self) -> Handlers:
        handlers = super()._handlers()
        for kind in ("conversation.item.added", "conversation.item.done"):
            news = tuple(self._unless_retold(each) for each in handlers[kind])
            handlers[kind] = (self._confirmed, *news)
        first: Handlers = {
            "input_audio_buffer.speech_started": (self._speech_begins,),
            "input_audio_buffer.speech_stopped": (self._speech_ends,),
            "input_audio_buffer.timeout_triggered": (self._speech_ends,),
            "input_audio_buffer.committed": (self._committed,),
            f"{TRANSCRIPTION}.completed": (self._written,),
            "conversation.item.deleted": (self._written,),
            "response.output_item.done": (self._called,),
        }
        return handlers | {kind: (*act, *handlers[kind]) for kind, act in first.items()}

    # --- the session is lost, and another one is there

    def opening(self) -> Settings:
        """What another session is to be opened with.

        What it has to hear again is in turns already: it finds none in that.
        """
        self._is_deaf = bool(self._kept.items) and self.settings.detection is not None
        if self._is_deaf:
            return replace(self.settings, turn_detection="manual")
        return self.settings

    def lose(self, now: float) -> None:
        """There is no session: what is asked for waits."""
        arbiter, detection = self.arbiter, self.settings.detection
        is_again = self._is_lost  # another one was lost before it was told anything
        self._is_lost = True
        if not is_again:
            self._lost_at = now
            self._unbilled = 0
        for item_id in self._heard_again:  # it has not come to that
            self._kept.committed(item_id, is_wanted=True)
        self._heard_again.clear()
        self._was_heard = self._kept.speaking or self._kept.closing
        answer = arbiter.is_expecting and not self._kept.closing
        self._kept.lose(is_heard=detection is not None)
        self._transcripts.lose()
        self.outbox.messages.clear()
        arbiter.lose(is_ours=detection is None)
        again, over = self._broken.lose(now)
        self._unbilled += len(again) + len(over)
        for response in reversed(again):
            arbiter.wish_first(response)
        wished = self.hosted.lose()
        wished += filter(None, map(self._pending.follow_up, over))
        for response in wished:
            self._wish(response, now)
        self._deadlines.lose()
        self._in_force.lose()
        waits = self._meanwhile is not None and self._meanwhile.due is not None
        if self._say is not None and not waits:
            self._meanwhile = Meanwhile(self.responses, self.outbox, self._say, now)
        if answer:  # to a turn of the caller's that is an item
            self._wish(self.responses.new({}, follow_up=True), now)
        self.advance(now)

    def resume(self, now: float, *, why: str, attempts: int) -> Reconnected:
        """There is another session: tell it all that the first had been told."""
        self._is_lost = False
        self._meanwhile = None
        self._dialogue.begin()
        self.outbox.messages.clear()
        turns, rest = self._kept.replayed()
        self._input.restart()
        left_out = self._tell(now)
        deaf = self._is_deaf
        self._in_force.resume(now, self.settings.turn_detection if deaf else None)
        self.edits.resume()
        for turn in turns:
            self._input.replay(turn, now, closes=True)
        self._input.replay(rest, now, closes=False)
        self.outbox.messages.extend(self.arbiter.resume(now))
        if self._was_heard:  # it will hear them again, and perhaps answer
            self.arbiter.expect(now)
        reconnected = Reconnected(
            why=why,
            seconds=now - self._lost_at,
            attempts=attempts,
            lost_audio=self._kept.lost,
            left_out=left_out,
            unbilled=self._unbilled,
        )
        self.outbox.tell("reconnected", reconnected)
        self.advance(now)
        return reconnected

    def _tell(self, now: float) -> tuple[LeftOut, ...]:
        """Tell it all items; gives those that it cannot be told."""
        messages = self.outbox.messages
        heard = self._kept.items
        told = retold(self.history, self._own, heard, was_called=self._tools.knows)
        self._retold = {name for name, item in told.items.items() if item is not None}
        self.responses.know_retold(self._retold)
        for name, item in told.items.items():
            if item is not None:
                messages.append({"type": CREATE, "item": item})
            else:
                self._input.replay(self._kept.take(name), now, closes=True)
                self._heard_again.append(name)
        messages.extend({"type": CREATE, "item": item} for item in self._own.waiting)
        return told.left_out

    # --- what the service says

    def _unless_retold(self, act: Handler) -> Handler:
        def handle(event: ev.ItemEvent, now: float) -> Response | None:
            return None if event.item.id in self._retold else act(event, now)

        return handle

    def _confirmed(self, event: ev.ItemEvent, now: float) -> None:
        if event.item.id not in self._retold:
            self._own.confirmed(event.item)

    def _speech_begins(self, event: ev.SpeechEvent, now: float) -> None:
        self._kept.started(event.item_id, event.audio_start_ms / 1000)

    def _speech_ends(self, event: ev.SpeechEvent, now: float) -> None:
        self._kept.stopped(event.item_id, event.audio_end_ms / 1000)

    def _committed(self, event: ev.CommittedEvent, now: float) -> None:
        if self._heard_again:  # in order, and before it hears anything else
            before = self._heard_again.popleft()
            self.history.rename(before, event.item_id)
            self._transcripts.renamed(before)
            self._retold.add(event.item_id)
        entry = self.history.find(event.item_id)
        is_wanted = entry is None or not entry.final
        self._kept.committed(event.item_id, is_wanted=is_wanted)

    def _written(
        self, event: ev.TranscriptionEvent | ev.DeletedEvent, now: float
    ) -> None:
        self._kept.known(event.item_id)

    def _called(self, event: ev.OutputItemEvent, now: float) -> None:
        """A call is told in two events: whichever comes first has to do."""
        item = event.item
        if item.type != "function_call":
            return
        entry = self.history.place(item.id, "tool", None)
        entry.kind, entry.tool = item.type, item.name or entry.tool
        entry.call_id = item.call_id or entry.call_id
        entry.text = entry.text or item.words
