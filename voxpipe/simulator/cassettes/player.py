"""A recorded session as a service: sans I/O, for the same shells as the simulator.

What the service sent is sent again once the client has done what came before it in the
recording (its events, and as much sound), and as much time has gone by since.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from typing import Any, Literal

import numpy as np

from voxpipe.simulator.audio.sound import VOICE_RATE, wire_format
from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.protocol.dialogue import SansIOSession
from voxpipe.simulator.protocol.json_types import mapped, object_in

from .cassette import Cassette, CassetteEntry, CassetteMismatch
from .expectation import Expectation
from .redaction import APPENDS, bytes_in, clean, fill, kind_of

SoundKind = Literal["silence", "tone"]

MISMATCH = 4000  # close code; the reason says what the client did
_SLACK = 0.1  # seconds of sound that may still be on their way
_MAX_REASON = 100  # characters; a close frame holds 123 bytes
_HUM = 220.0  # Hz
_LOUD = 6_000  # of 32,767
_MAX_SOUND = 16 * 1024 * 1024  # bytes in one event


class Player(SansIOSession):
    """Plays the service's part of a cassette.

    Args:
        cassette: what to play.
        now: the time on the clock that ``receive`` and ``advance`` will be given.
        sound: what is heard where the recording holds no speech.
        ignore: fields of the client's events that may be others.

    Attributes:
        mismatch: what the client did that it had not done; the session is over then.
    """

    def __init__(
        self,
        cassette: Cassette,
        *,
        now: float,
        sound: SoundKind,
        ignore: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.journal.open("replay", "a cassette is replayed")
        self.mismatch: CassetteMismatch | None = None
        self._entries = cassette.entries
        self._expected = Expectation(cassette, ignore)
        self._next = 0  # entry
        self._since, self._at = now, 0.0  # the last entry: on our clock, on its own
        self._due = now  # of the last timer that was set
        self._heard = self._wanted = 0  # bytes of the caller's sound
        self._counted = 0  # line whose sound is wanted already
        self._format = wire_format({"type": "audio/pcm"})
        self._phase = 0  # samples of the hum so far
        self._sound = sound
        self._go_on(now)

    def _take(self, message: str | bytes, now: float) -> None:
        event = object_in(message)
        if event is None:
            self._refuse(CassetteMismatch("the client sent what is no event"))
            return
        if kind_of(event) in APPENDS:
            self._heard += bytes_in(event.get("audio"))
        else:
            try:
                self._expected.take(clean(event, "words"))
            except CassetteMismatch as mismatch:
                self._refuse(mismatch)
                return
        self._go_on(now)

    def check_end(self) -> None:
        """The client has gone: that was to be expected.

        Raises:
            CassetteMismatch: it did something else, or has not sent everything.
        """
        if self.mismatch is not None:
            raise self.mismatch
        missing = self._expected.missing()
        if missing is None:
            return
        if self._lacks_sound:
            rate = self._format.bytes_per_ms * 1000
            missing += (
                f"; the recording goes on after {self._wanted / rate:.1f} s of the "
                f"caller's sound, {self._heard / rate:.1f} s came"
            )
        raise CassetteMismatch(missing)

    # --- the recording goes by

    def _go_on(self, now: float) -> None:
        while self._next < len(self._entries) and self.close_frame is None:
            entry = self._entries[self._next]
            due = now
            if entry.sender == "client":
                if not self._is_done(entry):
                    return
            else:
                due = self._since + max(0.0, entry.at - self._at)
                if due > now:
                    if due != self._due:
                        self._due = due
                        self._timers.at(due, self._go_on)
                    return
                self._send(entry)
            self._next += 1
            if entry.sender == "server" or not self._expected.is_optional(entry):
                self._since, self._at = due, entry.at

    def _is_done(self, entry: CassetteEntry) -> bool:
        """Whether the client has come as far as this."""
        if entry.line > self._counted:
            self._counted = entry.line
            self._wanted += entry.audio_bytes
        return not self._lacks_sound and self._expected.is_met(entry)

    @property
    def _lacks_sound(self) -> bool:
        # Both directions have the same format, nearly always.
        slack = _SLACK * 1000 * self._format.bytes_per_ms
        return self._heard + slack < self._wanted

    def _send(self, entry: CassetteEntry) -> None:
        if entry.close is not None:
            self._outbox.close(*entry.close)
        elif entry.event is not None:
            event: dict[str, Any] = fill(dict(entry.event), self._sounding)
            names = self._expected.names
            event = mapped(event, lambda id: names.get(id, id))
            self._note_format(event)
            self._outbox.add(event)

    def _refuse(self, mismatch: CassetteMismatch) -> None:
        self.mismatch = mismatch
        self._outbox.refuse(Refusal("cassette_mismatch", str(mismatch)))
        self._outbox.close(MISMATCH, str(mismatch)[:_MAX_REASON])

    # --- sound

    def _note_format(self, event: dict[str, Any]) -> None:
        match event:
            case {"session": {"audio": {"output": {"format": {"type": kind}}}}}:
                if kind in ("audio/pcm", "audio/pcmu", "audio/pcma"):
                    self._format = wire_format({"type": kind})
            case _:
                pass

    def _sounding(self, length: int) -> str:
        make = self._hum if self._sound == "tone" else self._format.silence
        return b64encode(make(min(length, _MAX_SOUND))).decode()

    def _hum(self, length: int) -> bytes:
        format = self._format
        count = length // format.sample_bytes * VOICE_RATE // format.rate
        time = (self._phase + np.arange(count)) / VOICE_RATE
        self._phase += count
        wave = (_LOUD * np.sin(2 * np.pi * _HUM * time)).astype("<i2")
        return format.of_voice(wave.tobytes())
