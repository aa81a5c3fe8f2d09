"""Replies that the service plays by itself: to a telephone over SIP, or to a browser.

No audio comes here, so no ear of ours plays it. The service says when a reply begins to
sound, and when it has ended or was cleared; that is measured. What sounds in between
goes by the clock. How long a reply is its tokens tell when it is made, and its words
until then.

After an interruption the service itself cuts the items to what was played, and says
where (``conversation.item.truncated``). Source: OpenAI's guide to conversations,
"Interruption and truncation"; realtime calls over SIP.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import current_time

from voxpipe.pipeline import Dtmf, Interruption, PlayedItem, Turn
from voxpipe.pipeline.turn import Basis
from voxpipe.processors.realtime import events as ev

from .outbox import Outbox
from .reply import Reply
from .responses import Responses
from .transcripts import Transcripts
from .truncation import by_item, played_words

Handler = Callable[[Any, float], object]

SECONDS_PER_TOKEN = 0.05  # of the model's audio
SECONDS_PER_CHARACTER = 1 / 15  # of speech, some 150 words a minute
_KEYS = frozenset("0123456789*#ABCD")


class RemotePlayback:
    """Follows what sounds elsewhere, and is the ear of the replies that do.

    Args:
        speaking: the replies.
        words: told what was heard of them.
        effects: where keys, interruptions and orders go.
    """

    def __init__(
        self, speaking: Responses, words: Transcripts, effects: Outbox
    ) -> None:
        self._speaking = speaking
        self._words = words
        self._effects = effects
        self._since: dict[Turn, float] = {}  # those that sound
        speaking.elsewhere = self.take_back

    def wrap(self, handlers: dict[str, Handler]) -> None:
        """Take part in what ``handlers`` do, by type of event."""
        done = handlers["response.done"]

        def measure(event: ev.ResponseEvent, now: float) -> None:
            self._made(event.response)
            done(event, now)

        handlers.update(
            {
                "response.done": measure,
                "output_audio_buffer.started": self._started,
                "output_audio_buffer.stopped": self._stopped,
                "output_audio_buffer.cleared": self._cleared,
                "input_audio_buffer.dtmf_event_received": self._pressed,
            }
        )
        truncated = handlers.get("conversation.item.truncated")

        def correct(event: ev.TruncatedEvent, now: float) -> None:
            self._truncated(event)
            if truncated is not None:
                truncated(event, now)

        handlers["conversation.item.truncated"] = correct

    # --- as an ear

    def position(self, turn: Turn) -> tuple[float, Basis]:
        """How much of a reply has sounded by now."""
        since = self._since.get(turn)
        if since is None:
            return turn.noted, "measured"
        elapsed = max(0.0, current_time() - since)
        length = turn.generated
        return (min(elapsed, length) if length else elapsed), "estimated"

    def take_back(self, reply: Reply) -> None:
        """A reply was cut: silence the service, which cuts the items by itself."""
        sounded = self._since.pop(reply.turn, None) is not None
        if not reply.turn.generated:
            heard = reply.turn.noted
            self._grow(reply, max(heard, len(reply.text) * SECONDS_PER_CHARACTER))
        items = reply.turn.items()
        for parts in by_item(items).values():
            self._words.heard(reply, parts)
        if sounded and not reply.service_cancels:
            self._effects.order("output_audio_buffer.clear")
        self._effects.tell("interruptions", Interruption(cut=reply.turn, items=items))

    # --- what the service says

    def _started(self, event: ev.PlaybackEvent, now: float) -> None:
        reply = self._speaking.find(event.response_id)
        if reply is None or reply.turn.is_over:
            return
        self._since[reply.turn] = now
        reply.turn.timings.first_played = now
        reply.turn.playing_on(self)

    def _stopped(self, event: ev.PlaybackEvent, now: float) -> None:
        reply = self._speaking.find(event.response_id)
        if reply is None or reply.turn.is_over:
            return
        since = self._since.pop(reply.turn, None)
        if not reply.turn.generated and since is not None:
            self._grow(reply, now - since)
        reply.turn.note_played(reply.turn.generated, "measured")
        reply.ended = True
        reply.turn.finish()

    def _cleared(self, event: ev.PlaybackEvent, now: float) -> None:
        reply = self._speaking.find(event.response_id)
        if reply is not None:
            self._speaking.cut(reply, service_cancels=True)

    def _truncated(self, event: ev.TruncatedEvent) -> None:
        """How much was heard, exactly; before that it was the clock's."""
        entry = self._words.history.find(event.item_id)
        if entry is None or entry.played is None:
            return
        heard = event.audio_end_ms / 1000
        made = max(heard, len(entry.text) * SECONDS_PER_CHARACTER, entry.seconds)
        part = PlayedItem(event.item_id, event.content_index, made, heard, "measured")
        entry.played = played_words(entry.text, part)

    def _pressed(self, event: ev.DtmfEvent, now: float) -> None:
        if event.event in _KEYS:
            self._effects.tell("pressed", Dtmf(digit=event.event))
        else:
            self._effects.report("expected a key 0-9, *, # or A-D, got another")

    # --- how long replies are

    def _made(self, response: ev.Response) -> None:
        reply = self._speaking.find(response.id)
        details = response.usage.output_token_details if response.usage else None
        if reply is None or details is None or reply.turn.generated or reply.is_aside:
            return
        self._grow(reply, details.audio_tokens * SECONDS_PER_TOKEN)

    def _grow(self, reply: Reply, seconds: float) -> None:
        """Give its items their part of a length, by how much each of them says."""
        texts = reply.texts
        total = sum(map(len, texts.values()))
        if seconds <= 0 or not total:
            return
        for (item_id, index), text in texts.items():
            reply.turn.grow(seconds * len(text) / total, item_id, index)
