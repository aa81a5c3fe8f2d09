"""Replies that the service plays by itself: to a telephone over SIP, or to a browser.

No audio comes here, so no playout of ours plays it. The service says when a reply
begins to sound, and when it has ended or was cleared; that is measured. What sounds in
between goes by the clock. How long a reply is its tokens tell when it is made, and its
words until then.

Should the end of its sound not be told, it counts as played some time after it should
have been.

After an interruption the service itself cuts the items to what was played, and says
where (``conversation.item.truncated``). Source: OpenAI's guide to conversations,
"Interruption and truncation"; realtime calls over SIP.
"""

from __future__ import annotations

from voxpipe.pipeline import Dtmf, PlayedItem
from voxpipe.pipeline.clock_playhead import ClockPlayhead
from voxpipe.pipeline.frames import KEYS
from voxpipe.processors.realtime import events as ev

from .history import History
from .outbox import Outbox
from .response import Response
from .truncation import played_words

SECONDS_PER_TOKEN = 0.05  # of the model's audio
SECONDS_PER_CHARACTER = 1 / 15  # of speech, some 150 words a minute
PLAY_TIMEOUT = 30.0  # seconds beyond its length; lengths are estimates, lines have lag


class RemotePlayback:
    """Follows what sounds elsewhere.

    Args:
        history: corrected when the service says what was played.
        outbox: where keys, client events and reports go.
    """

    def __init__(self, history: History, outbox: Outbox) -> None:
        self._history = history
        self._outbox = outbox
        self._sounding: dict[Response, ClockPlayhead] = {}
        self._made: dict[Response, float] = {}  # and when they should have sounded

    # --- an interruption

    def stop(self, response: Response, now: float) -> None:
        """It is about to be cut: no more of it sounds than until now."""
        playhead = self._sounding.get(response)
        if playhead is not None:
            playhead.stop(now)

    def take_back(self, response: Response, *, service_cancels: bool) -> None:
        """It was cut: silence the service, which cuts the items by itself."""
        sounded = self._sounding.pop(response, None) is not None
        self._made.pop(response, None)
        if not response.turn.generated:
            said = len(response.text) * SECONDS_PER_CHARACTER
            _grow(response, max(response.turn.noted, said))
        if sounded and not service_cancels:
            self._outbox.send("output_audio_buffer.clear")

    # --- what the service says

    def started(self, response: Response, now: float) -> None:
        """A reply begins to sound."""
        if response.turn.is_over:
            return
        playhead = self._sounding[response] = ClockPlayhead(now)
        response.turn.timings.first_played = now
        response.turn.playing_on(playhead)
        if response in self._made:
            self._made[response] = now + response.turn.generated + PLAY_TIMEOUT

    def stopped(self, response: Response, now: float) -> None:
        """A reply has sounded to its end."""
        turn, playhead = response.turn, self._sounding.pop(response, None)
        self._made.pop(response, None)
        if turn.is_over:
            return
        if not turn.generated and playhead is not None:
            _grow(response, now - playhead.since)
        turn.note_played(turn.generated, "measured")
        response.all_left()
        turn.finish()

    def made(self, response: Response, told: ev.Response, now: float) -> None:
        """A reply has been made: its tokens tell how long it is."""
        turn = response.turn
        if response.is_aside or turn.is_over:
            return
        details = told.usage.output_token_details if told.usage else None
        if not turn.generated and details is not None:
            _grow(response, details.audio_tokens * SECONDS_PER_TOKEN)
        elif not turn.generated:
            _grow(response, len(response.text) * SECONDS_PER_CHARACTER)
        if turn.generated:
            self._made[response] = now + turn.generated + PLAY_TIMEOUT

    @property
    def due(self) -> float | None:
        """When the end of some sound should have been told."""
        return min(self._made.values(), default=None)

    def advance(self, now: float) -> None:
        """Wait no longer for the end of what should have sounded by now."""
        for response, due in tuple(self._made.items()):
            if now >= due:
                if not response.turn.is_over:
                    self._outbox.report("the end of a reply's sound was never told")
                self.stopped(response, now)

    def truncated(self, event: ev.TruncatedEvent, now: float) -> None:
        """How much was played, exactly; before that it was the clock's."""
        entry = self._history.find(event.item_id)
        if entry is None or entry.played is None:
            return
        played = event.audio_end_ms / 1000
        made = max(played, len(entry.text) * SECONDS_PER_CHARACTER, entry.seconds)
        part = PlayedItem(event.item_id, event.content_index, made, played, "measured")
        entry.played = played_words(entry.text, part)

    def pressed(self, event: ev.DtmfEvent, now: float) -> None:
        """The caller has pressed a key."""
        if event.event in KEYS:
            self._outbox.tell("pressed", Dtmf(digit=event.event))
        else:
            self._outbox.report("expected a key 0-9, *, # or A-D, got another")


def _grow(response: Response, seconds: float) -> None:
    """Give its items their part of a length, by how much each of them says."""
    texts = response.texts
    total = sum(map(len, texts.values()))
    if seconds <= 0 or not total:
        return
    for (item_id, index), text in texts.items():
        response.turn.grow(seconds * len(text) / total, item_id, index)
