"""The engine of a translation: audio in, and some time later other words out.

It works in frames of 200 ms, and its clock is the audio: where no audio comes, nothing
comes out, as in the service, which is why clients keep sending silence. It translates a
phrase when that has ended; real interpreters begin sooner.
"""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from math import ceil

from voxpipe.simulator.audio.sound import VOICE_RATE, Sound, wire_format
from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.protocol.outbox import Outbox, Requests, Timers
from voxpipe.simulator.script.script import Script
from voxpipe.simulator.service.conversation.items import ContentPart, Item
from voxpipe.simulator.service.conversation.tokens import words
from voxpipe.simulator.service.responses.script_reader import Plan, ScriptReader, Wish
from voxpipe.simulator.service.session.state import SpeechRequest

from .config import TranslationConfig
from .phrases import Phrases

FRAME_MS = 200
PCM = wire_format({"type": "audio/pcm"})
_FRAME = FRAME_MS * PCM.bytes_per_ms
_MAX_BUFFERED = 10 * 60_000 * PCM.bytes_per_ms  # bytes that may wait to be translated
_HURRY = 25  # frames in which what waits comes out, where that is more than usual
_VOICE = "interpreter"
_WISH = Wish(instructions=None, tools=(), tool_choice="none", aside=False)


@dataclass(slots=True, eq=False)
class TranslatedPhrase:
    """A phrase in the other language, on its way out.

    Attributes:
        text: the words.
        due: when it may begin, in ms of what was heard.
        pcm: its sound, once a voice has made it.
    """

    text: str
    due: float
    pcm: bytes = b""
    tokens: list[str] = field(default_factory=list[str])
    told: int = 0  # tokens that are out
    played: int = 0  # bytes that are out

    @property
    def left(self) -> int:
        """Bytes that are to come."""
        return len(self.pcm) - self.played


class Interpreter:
    """Translates by the script.

    Args:
        script: the n-th phrase is the n-th line's ``heard``; its ``say`` is what that
            is in the other language.
        config: whether what is heard is written down.
        outbox: where events go.
        timers: wake it for the next frame.
        requests: a voice is asked by.
    """

    def __init__(
        self,
        script: Script,
        config: TranslationConfig,
        outbox: Outbox,
        timers: Timers,
        requests: Requests,
    ) -> None:
        self._timing = script.timing
        self._reader = ScriptReader(script)
        self._config = config
        self._outbox = outbox
        self._timers = timers
        self._requests = requests
        self._phrases = Phrases()
        self._buffer = bytearray()
        self._queue: deque[TranslatedPhrase] = deque()
        self._elapsed = 0  # ms of audio that were heard
        self._free_at = 0.0  # when it is done with the last frame
        self._scheduled = False
        self._begun: set[str] = set()  # transcripts, which their next words follow
        self.closing = False

    def append(self, pcm: bytes, now: float) -> None:
        """Take audio.

        Raises:
            Refusal: more waits than the simulator keeps.
        """
        if len(self._buffer) + len(pcm) > _MAX_BUFFERED:
            raise Refusal(
                "input_audio_buffer_full",
                "This simulator keeps at most 10 minutes of audio that it has not "
                "translated. Send it at the pace of speech.",
                "audio",
            )
        self._buffer += pcm
        self._schedule(now)

    def close(self, now: float) -> None:
        """There will be no more audio: put out what is left, and end."""
        self.closing = True
        self._schedule(now)

    def _spoken(self, phrase: TranslatedPhrase, pcm: bytes | None, now: float) -> None:
        if pcm is None:
            self._queue.remove(phrase)
            self._fail("voice_failed", "The voice could not speak.")
        else:
            phrase.pcm = pcm
        self._schedule(now)

    # --- frames

    @property
    def _waits(self) -> bool:
        """The clock stands still until a voice has spoken."""
        return self._requests.count(SpeechRequest) > 0

    def _schedule(self, now: float) -> None:
        if self._scheduled or self._waits:
            return
        if self.closing or len(self._buffer) >= _FRAME:
            self._scheduled = True
            self._timers.at(max(now, self._free_at), self._step)

    def _step(self, now: float) -> None:
        self._scheduled = False
        if self.closing and not (self._buffer or self._phrases.open or self._queue):
            self._outbox.emit("session.closed")
            self._outbox.close(1000, "")
            return
        pcm = bytes(self._buffer[:_FRAME]).ljust(_FRAME, b"\0")
        del self._buffer[:_FRAME]
        self._elapsed += FRAME_MS
        self._free_at = now + FRAME_MS / 1000 / self._timing.speed
        for ms in self._phrases.hear(pcm):
            self._understand(ms)
        if not self._waits:
            self._put_out()
        self._schedule(now)

    # --- what is heard

    def _understand(self, ms: int) -> None:
        sound = Sound(PCM, bytearray())
        sound.length = ms * PCM.bytes_per_ms
        item = Item("", role="user", content=[ContentPart("input_audio", sound=sound)])
        line = self._reader.listen(item)
        plan = self._reader.plan(_WISH, [item])
        if line is not None and line.unintelligible:
            return
        if self._config.transcribes:
            said = item.words or f"(speech, {ms / 1000:.1f} s)"
            for token in self._tokens("input", said):
                self._write("input", token)
        if plan.failure is not None:
            self._fail(plan.failure.code, plan.failure.message)
            return
        self._translate(plan)

    def _translate(self, plan: Plan) -> None:
        wait = self._timing.first_audio_ms if plan.wait_ms is None else plan.wait_ms
        text = " ".join(plan.messages)
        tokens = self._tokens("output", text)
        phrase = TranslatedPhrase(text, self._elapsed + wait, tokens=tokens)
        self._queue.append(phrase)
        request = SpeechRequest(text, _VOICE, 1.0)
        self._requests.ask(request, partial(self._spoken, phrase))

    def _fail(self, code: str, message: str) -> None:
        self._outbox.refuse(Refusal(code, message, type="server_error"))

    def _tokens(self, side: str, text: str) -> list[str]:
        # Deltas are appended as they are, so whoever goes on begins with the space.
        space = " " if side in self._begun else ""
        self._begun.add(side)
        return words(space + text)

    # --- what comes out

    def _put_out(self) -> None:
        """What comes out in the time of one frame."""
        waiting = sum(phrase.left for phrase in self._queue)
        room = max(_FRAME, waiting // _HURRY // 2 * 2)
        while self._queue and self._queue[0].due <= self._elapsed:
            phrase = self._queue[0]
            room -= self._speak(phrase, room)
            if phrase.left:
                return
            self._queue.popleft()
            if room <= 0:
                return

    def _speak(self, phrase: TranslatedPhrase, room: int) -> int:
        pcm = phrase.pcm[phrase.played : phrase.played + room]
        phrase.played += len(pcm)
        known = phrase.played / PCM.bytes_per_ms + self._timing.transcript_lead_ms
        whole = len(phrase.pcm) / PCM.bytes_per_ms
        share = min(1.0, known / whole) if phrase.left else 1.0
        told = max(phrase.told, ceil(len(phrase.tokens) * share))
        for token in phrase.tokens[phrase.told : told]:
            self._write("output", token)
        phrase.told = told
        if pcm:
            self._outbox.emit(
                "session.output_audio.delta",
                delta=b64encode(pcm).decode(),
                sample_rate=VOICE_RATE,
                channels=1,
                format="pcm16",
                elapsed_ms=self._elapsed,
            )
        return len(pcm)

    def _write(self, side: str, token: str) -> None:
        self._outbox.emit(
            f"session.{side}_transcript.delta", delta=token, elapsed_ms=self._elapsed
        )
