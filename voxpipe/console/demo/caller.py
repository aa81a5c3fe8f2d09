"""The person on the phone in the demo: speaks, listens, waits, and cuts in."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from anyio import move_on_after, sleep

from voxpipe.pipeline import AudioFormat, AudioFrame, Input, Processor, ReplyEnd, Turn
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.transports import MemoryPhone, WavError, read_wav

REPLY_TIMEOUT = 20.0  # seconds without an answer before the caller goes on anyway
PAUSE = 0.5  # seconds between hearing the agent out and speaking
MAX_RECORDING = 600.0  # seconds of a recording, which is held in memory
END_TIMEOUT = 1.4  # seconds without a new reply: the agent has said all it wants to say


@dataclass(frozen=True, slots=True)
class CallerSpeech:
    """Something that the caller says.

    Attributes:
        words: as far as they are known.
        audio: whole samples in ``format``.
        format: of the audio.
    """

    words: str
    audio: bytes
    format: AudioFormat

    @property
    def seconds(self) -> float:
        """How long it takes to say it."""
        return len(self.audio) / self.format.bytes_per_second


def read_speech(path: Path | Traversable) -> CallerSpeech:
    """Read a WAV file and the words in the ``.txt`` beside it, if there is one.

    Raises:
        WavError: the file is not one, or holds audio that voxpipe does not take.
    """
    format, audio = read_wav(path)
    spoken = len(audio) / format.bytes_per_second
    if spoken > MAX_RECORDING:
        raise WavError(
            f"a recording for the demo lasts up to {MAX_RECORDING:.0f} s, this one "
            f"{spoken:.0f} s: cut it, or use WavSource in your own pipeline"
        )
    folder = path.parent if isinstance(path, Path) else _shipped()
    text = folder / (path.name.rpartition(".")[0] + ".txt")
    words = text.read_text(encoding="utf-8").strip() if text.is_file() else ""
    return CallerSpeech(words, audio, format)


_GUEST = ("1-hours", "2-menu", "3-book", "4-goodbye")


def guest_speech() -> tuple[CallerSpeech, ...]:
    """The four sentences of the demo's caller, shipped with voxpipe."""
    return tuple(read_speech(_shipped() / f"{name}.wav") for name in _GUEST)


def _shipped() -> Traversable:
    return files("voxpipe.console") / "recordings"


class ReplyWatcher(Processor):
    """Knows which reply is being spoken.

    Attributes:
        turn: the newest reply that has audio.
    """

    says = Input[AudioFrame | ReplyEnd](on_full="drop_oldest")

    def __init__(self) -> None:
        self.turn: Turn | None = None
        self._new = Wakeup()

    async def run(self) -> None:
        """Notice each new reply."""
        async for frame in self.says:
            if isinstance(frame, AudioFrame) and frame.turn is not self.turn:
                self.turn = frame.turn
                self._new.set()

    async def next_turn(self, after: Turn | None, timeout: float) -> Turn | None:
        """The reply that follows ``after``; ``None`` if there is none in time."""
        with move_on_after(timeout):
            while self.turn is after:
                await self._new.wait()
        return self.turn if self.turn is not after else None


Plot = Callable[[MemoryPhone, ReplyWatcher], Coroutine[Any, Any, None]]


async def guest(phone: MemoryPhone, replies: ReplyWatcher) -> None:
    """Ask, hear the answer, ask on, interrupt in mid-sentence, thank and hang up."""
    hours, menu, book, goodbye = guest_speech()
    heard = await _hear_out(replies, None)
    await phone.play(hours.audio)
    heard = await _hear_out(replies, heard)
    await phone.play(menu.audio)
    heard = await _hear_until(replies, heard, 3.0)
    await phone.play(book.audio)
    heard = await _hear_out(replies, heard)
    await phone.play(goodbye.audio)
    await _hear_out(replies, heard)
    phone.disconnect()


def somebody(spoken: CallerSpeech) -> Plot:
    """A caller who says what is on a recording, at its own pace, and hears it out."""

    async def speak(phone: MemoryPhone, replies: ReplyWatcher) -> None:
        greeting = await _hear_out(replies, None)
        await phone.play(spoken.audio)
        await _hear_out(replies, greeting)
        phone.disconnect()

    return speak


async def _hear_out(replies: ReplyWatcher, after: Turn | None) -> Turn | None:
    """Listen until the agent has said all that it wants to say."""
    turn = await replies.next_turn(after, REPLY_TIMEOUT)
    while turn is not None:
        after = turn
        await turn.over()
        turn = await replies.next_turn(after, END_TIMEOUT)
    await sleep(PAUSE)
    return after


async def _hear_until(
    replies: ReplyWatcher, after: Turn | None, seconds: float
) -> Turn | None:
    """Listen until ``seconds`` of the next reply were heard."""
    turn = await replies.next_turn(after, REPLY_TIMEOUT)
    if turn is None:
        return after
    with move_on_after(REPLY_TIMEOUT):
        while not turn.is_over and turn.played < seconds:  # noqa: ASYNC110
            # What was heard moves with the clock alone: no event can tell of it.
            await sleep(max(0.01, seconds - turn.played))
    return turn
