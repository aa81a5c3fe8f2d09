"""Twilio's end of one media stream, without a socket and without a clock.

A shell calls `Leg.tick` every 20 ms and sends what it returns, and hands what it
receives to `Leg.receive`. It is cheap enough for one core to place hundreds of calls.

Source: Twilio's warnings 31924 (messages that are not media, mark or clear), 31930
(a server that does not read) and 31931 (a full buffer).
"""

from __future__ import annotations

import binascii
import json
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from .measurements import Measurements
from .messages import CONNECTED, Sids, StreamMessages
from .meter import Meter
from .playback import Playback
from .speech import FRAME, Speech

MAX_DELAY = 1.0  # seconds; a frame that is later than this is never sent
MAX_OUTBOX = 1_000  # keys, and messages that a test has put in between
KEYS = frozenset("0123456789*#ABCD")

_SILENCE = Speech.silence(FRAME).frames[0]


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
        parameters: of the ``<Stream>``, for ``customParameters``.
        sids: names of its own, unless given.
        line: what goes wrong.
        keep: the agent's audio, to be listened to; without, only times are kept.

    Attributes:
        sids: its names.
        playback: what the agent has sent.
        speaking: the caller has more to say.
        stopped: the last message was ``stop``: there will be no other.
    """

    def __init__(
        self,
        now: float,
        *,
        parameters: Mapping[str, str] | None = None,
        sids: Sids | None = None,
        line: BadLine | None = None,
        keep: bool = True,
    ) -> None:
        self.sids = sids or Sids.new()
        self.playback = Playback(keep=keep)
        self.speaking = self.stopped = False
        self._parameters = dict(parameters or {})
        self._line = line or BadLine()
        self._dice = random.Random(self._line.seed)
        self._messages = StreamMessages(self.sids)
        self._meter = Meter(now)
        self._opened = now
        self._chunk = 0
        self._speech: Speech | None = None
        self._said = 0  # frames of it
        self._stopping = False
        self._keys: deque[str] = deque(maxlen=MAX_OUTBOX)
        self._outbox: deque[str] = deque(maxlen=MAX_OUTBOX)

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

    def put(self, message: str) -> None:
        """Send any text with the next tick: for what Twilio would never send."""
        self._outbox.append(message)

    def hang_up(self) -> None:
        """The next tick ends with ``stop``."""
        self._stopping = True

    # --- what leaves

    def opening(self) -> tuple[str, str]:
        """The first two messages: ``connected`` and ``start``."""
        return CONNECTED, self._messages.start(self._parameters)

    @property
    def next_at(self) -> float:
        """When the next tick is due: a frame is sent when its last sample was said."""
        return self._opened + (self._chunk + 1) * FRAME

    def tick(self, now: float) -> list[str]:
        """What is to be sent now: marks that are due, what was asked for, a frame."""
        if self.stopped:
            return []
        self._keep_up(now)
        out = self._marks(now)
        while self._keys:
            self._meter.key()
            out.append(self._messages.dtmf(self._keys.popleft()))
        out.extend(self._outbox)
        self._outbox.clear()
        if self._stopping:
            self.stopped = True
            out.append(self._messages.stop())
        else:
            payload = self._frame(now)
            self.measured.frames += 1
            out.append(self._messages.media(payload, self._chunk))
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
            return _SILENCE
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

    def _marks(self, now: float) -> list[str]:
        returned: list[str] = []
        for name, came in self.playback.marks_due(now - self._line.delay_marks):
            if self._dice.random() < self._line.lose_marks:
                continue
            self.measured.marks_returned += 1
            self.measured.mark_after.append(now - came)
            returned.append(self._messages.mark(name))
        return returned

    # --- what comes

    def receive(self, message: str | bytes, now: float) -> None:
        """Take one message; one that Twilio would not take is noted, and no more."""
        self.measured.messages += 1
        if isinstance(message, bytes):
            self._meter.violated("binary message", f"{len(message)} bytes, not text")
            return
        try:
            order: Any = json.loads(message)
        except (ValueError, RecursionError):
            self._meter.violated("no JSON", f"{len(message)} characters")
            return
        if isinstance(order, dict):
            self._obey(cast("dict[str, Any]", order), now)
        else:
            self._meter.violated("no JSON", "it is not an object")

    def _obey(self, order: dict[str, Any], now: float) -> None:
        event = order.get("event")
        if event not in ("media", "mark", "clear"):
            got = f"{event[:40]!r}" if isinstance(event, str) else type(event).__name__
            self._meter.violated(
                "unknown event", f"expected media, mark or clear, got {got}"
            )
        elif order.get("streamSid") != self.sids.stream:
            self._meter.violated("wrong stream", f"in a {event}")
        elif event == "media":
            self._play(_text_in(order, "media", "payload"), now)
        elif event == "mark":
            self._note(_text_in(order, "mark", "name"), now)
        else:
            self._meter.cleared(now)
            self.playback.clear(now)

    def _play(self, payload: str, now: float) -> None:
        if not payload:
            self._meter.violated("bad payload", "there is none")
            return
        try:
            ulaw = binascii.a2b_base64(payload, strict_mode=True)
        except ValueError:  # not ASCII, or no base64
            self._meter.violated("bad payload", f"{len(payload)} characters, no base64")
            return
        dry_at = self.playback.dry_at
        if self.playback.add(ulaw, now):
            self._meter.media(ulaw, now, dry_at)
        else:
            self._meter.violated("buffer full", "more than ten minutes wait already")

    def _note(self, name: str, now: float) -> None:
        if not name:
            self._meter.violated("bad mark", "it has no name")
        elif self.playback.mark(name, now):
            self.measured.marks += 1
        else:
            self._meter.violated("buffer full", "too many marks wait already")

    def end(self, now: float) -> None:
        """The connection has ended."""
        self.stopped = True
        self.measured.unheard += self.playback.end(now)


def _text_in(order: dict[str, Any], part: str, field: str) -> str:
    inner: Any = order.get(part)
    if not isinstance(inner, dict):
        return ""
    text = cast("dict[str, Any]", inner).get(field)
    return text if isinstance(text, str) else ""
