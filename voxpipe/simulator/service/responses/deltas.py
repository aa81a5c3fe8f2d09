"""The deltas of an item: in which pieces it comes, how fast, and where a limit cuts it.

Each function is a generator of waits in seconds; it returns whether all came out.
"""

from __future__ import annotations

import math
from collections.abc import Generator

from voxpipe.simulator.audio.sound import WireFormat
from voxpipe.simulator.script.script import Timing
from voxpipe.simulator.service.conversation.tokens import ASSISTANT_MS, Tokens
from voxpipe.simulator.service.session.output_item import OutputItem

from .output_items import AudioItem

Deltas = Generator[float, None, bool]  # waits in seconds; whether all came out


class OutputMeter:
    """What a response has put out, and how much more it may.

    Args:
        limit: output tokens of all kinds; ``None`` for no limit.
        reasoning: tokens that were used before anything came out.

    Attributes:
        ms: audio so far.
    """

    def __init__(self, limit: int | None, reasoning: int) -> None:
        self._limit = math.inf if limit is None else limit
        self._text = reasoning if limit is None else min(reasoning, limit)
        self.ms = 0

    @property
    def used(self) -> Tokens:
        """What has come out."""
        return Tokens(self._text, -(-self.ms // ASSISTANT_MS))

    def token(self) -> bool:
        """Take a token of text, if there is one left."""
        if self.used.total >= self._limit:
            return False
        self._text += 1
        return True

    def audio(self, ms: int) -> int:
        """Take ``ms`` of audio, or as much of it as is left."""
        if self._limit != math.inf:
            ms = min(ms, (int(self._limit) - self._text) * ASSISTANT_MS - self.ms)
        self.ms += ms
        return ms


def write(
    output: OutputItem, tokens: list[str], meter: OutputMeter, gap: float
) -> Deltas:
    """Text or arguments, a token at a time."""
    for index, token in enumerate(tokens):
        if index:
            yield gap
        if not meter.token():
            return False
        output.write(token)
    return True


def speak(
    output: AudioItem,
    tokens: list[str],
    audio: bytes,
    timing: Timing,
    meter: OutputMeter,
) -> Deltas:
    """Audio several times faster than it plays, its transcript running ahead."""
    format: WireFormat = output.format
    piece = timing.delta_ms * format.bytes_per_ms
    length = len(audio) / format.bytes_per_ms
    written = 0
    for start in range(0, len(audio), piece):
        if start:
            yield timing.delta_ms / 1000 / timing.speed
        data = audio[start : start + piece]
        known = (start + len(data)) / format.bytes_per_ms + timing.transcript_lead_ms
        told = math.ceil(len(tokens) * min(1.0, known / length))
        for token in tokens[written:told]:
            if not meter.token():
                return False
            output.write(token)
        written = max(written, told)
        ms = -(-len(data) // format.bytes_per_ms)
        allowed = meter.audio(ms)
        if allowed > 0:
            output.speak(data[: allowed * format.bytes_per_ms])
        if allowed < ms:
            return False
    return (yield from write(output, tokens[written:], meter, 0.0))
