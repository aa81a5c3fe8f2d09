"""A carrier's end of one media stream, without a socket and without a clock.

A shell calls `Leg.tick` every 20 ms and sends what it returns, and hands what it
receives to `Leg.receive`. It is cheap enough for one core to place hundreds of calls.

Source: Twilio's warnings 31924 (messages that are not media, mark or clear), 31930
(a server that does not read) and 31931 (a full buffer).
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voxpipe.pipeline.frames import KEYS

from .measurements import Measurements
from .meter import Meter
from .playback import Playback
from .speech import FRAME, Speech
from .twilio_words import Sids, TwilioWords
from .words import Broken, Clear, Mark, Message, Part, Play, Words

MAX_DELAY = 1.0  # seconds; a frame that is later than this is never sent
MAX_OUTBOX = 1_000  # keys, and messages that a test has put in between


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """What may go wrong between the carrier and the agent; nothing, unless asked for.

    Attributes:
        lose_marks: the fraction of marks that never come back, 0 to 1.
        delay_marks: seconds by which the others come back late.
        seed: of the dice.
    """

    lose_marks: float = 0.0
    delay_marks: float = 0.0
    seed: int = 0


class Leg:
    """One call, as its carrier sees it.

    Args:
        now: when the stream is opened; all other moments are on the same clock.
        words: of the carrier; Twilio's, unless given.
        parameters: that the webhook's answer has passed on.
        sids: Twilio's names for the call, for its words.
        line: what goes wrong.
        keep: the agent's audio, to be listened to; without, only times are kept.

    Attributes:
        words: of the carrier.
        playback: what the agent has sent.
        speaking: the caller has more to say.
        stopped: the last message was ``stop``: there will be no other.
    """

    def __init__(
        self,
        now: float,
        words: Words | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        sids: Sids | None = None,
        line: BadLine | None = None,
        keep: bool = True,
    ) -> None:
        self.words = words or TwilioWords(sids)
        self.playback = Playback(keep=keep, format=self.words.format)
        self.speaking = self.stopped = False
        self._parameters = dict(parameters or {})
        self._line = line or BadLine()
        self._dice = random.Random(self._line.seed)
        self._meter = Meter(now, self.words.format)
        self._silence = Speech.silence(FRAME, self.words.format).frames[0]
        self._opened = now
        self._chunk = 0
        self._speech: Speech | None = None
        self._said = 0  # frames of it
        self._stopping = False
        self._keys: deque[str] = deque(maxlen=MAX_OUTBOX)
        self._outbox: deque[Message] = deque(maxlen=MAX_OUTBOX)
        self._cleared: Sequence[Message] = ()

    @property
    def measured(self) -> Measurements:
        """What the call looked like, so far."""
        return self._meter.measured

    # --- what the caller does

    def say(self, speech: Speech) -> None:
        """Say this from the next tick on, instead of what is being said."""
        self._speech, self._said, self.speaking = speech, 0, True

    def hush(self) -> bool:
        """Say no more; whether all was said."""
        said_all = not self.speaking
        self._speech, self.speaking = None, False
        self._meter.fell_silent()
        return said_all

    def press(self, keys: str) -> None:
        """Press keys (``0-9*#A-D``); they are sent with the next tick.

        Raises:
            ValueError: a key that no telephone has.
        """
        for key in keys:
            if key not in KEYS:
                raise ValueError(f"keys are 0-9, *, # and A to D, not {key!r}")
        self._keys.extend(keys)

    def put(self, message: Message) -> None:
        """Send anything with the next tick: for what the carrier would never send."""
        self._outbox.append(message)

    def hang_up(self) -> None:
        """The next tick is the last, and says so."""
        self._stopping = True

    # --- what leaves

    def opening(self) -> Sequence[Message]:
        """The first messages: what the stream is."""
        return self.words.opening(self._parameters)

    @property
    def next_at(self) -> float:
        """When the next tick is due: a frame is sent when its last sample was said."""
        return self._opened + (self._chunk + 1) * FRAME

    def tick(self, now: float) -> list[Message]:
        """What is to be sent now: marks that are due, what was asked for, a frame."""
        if self.stopped:
            return []
        self._keep_up(now)
        out = [*self._cleared, *self._marks(now)]
        out.extend(self.words.plays(self.playback.dry_at > now))
        self._cleared = ()
        while self._keys:
            self._meter.key()
            out.append(self.words.dtmf(self._keys.popleft()))
        out.extend(self._outbox)
        self._outbox.clear()
        if self._stopping:
            self.stopped = True
            out.extend(self.words.stop())
        else:
            payload = self._frame(now)
            self.measured.frames += 1
            out.append(self.words.media(payload, self._chunk))
        return out

    def _keep_up(self, now: float) -> None:
        late = now - self.next_at
        if late > self.measured.late:
            self.measured.late = late
        while now - self.next_at > MAX_DELAY:
            self._frame(now)
            self.measured.skipped += 1

    def _frame(self, now: float) -> str:
        """The next 20 ms, as base64."""
        self._chunk += 1
        speech = self._speech
        if speech is None:
            return self._silence
        index = self._said
        self._said += 1
        if speech.loud[index]:
            self._meter.loud(now, self.playback.dry_at)
            if index == speech.last_loud:
                self._meter.fell_silent()
                self.playback.turn_page(now)
        if self._said == len(speech.frames):
            self._speech, self.speaking = None, False
        return speech.frames[index]

    def _marks(self, now: float) -> list[Message]:
        returned: list[Message] = []
        for name, came in self.playback.marks_due(now - self._line.delay_marks):
            if self._dice.random() < self._line.lose_marks:
                continue
            self.measured.marks_returned += 1
            self.measured.mark_after.append(now - came)
            returned.append(self.words.mark(name))
        return returned

    # --- what comes

    def receive(self, message: Message, now: float) -> None:
        """Take one message; one that the carrier would not take is noted, no more."""
        self.measured.messages += 1
        complaint = self.words.counted(message, now)
        if complaint:
            self._meter.violated("too often", "more messages than it takes")
            self._outbox.extend(complaint)
            return
        try:
            order = self.words.read(message)
        except Broken as wrong:
            self._meter.violated(wrong.kind, wrong.detail)
            return
        match order:
            case Play():
                self._play(order.audio, now)
            case Mark():
                if self.playback.mark(order.name, now):
                    self.measured.marks += 1
                else:
                    self._meter.violated("buffer full", "too many marks wait already")
            case Clear():
                self._clear(now)
            case Part():
                self._outbox.extend(self.words.stop())
            case None:
                pass

    def _play(self, audio: bytes, now: float) -> None:
        dry_at = self.playback.dry_at
        if self.playback.add(audio, now):
            self._meter.media(audio, now, dry_at)
        else:
            self._meter.violated("buffer full", "more than ten minutes wait already")

    def _clear(self, now: float) -> None:
        self._meter.cleared(now)
        if not self.words.marks_cleared:
            self.playback.forget_marks()
        self.playback.clear(now)
        self._cleared = (*self._cleared, *self.words.cleared())

    def end(self, now: float) -> None:
        """The connection has ended."""
        self.stopped = True
        self.measured.unheard += self.playback.end(now)
