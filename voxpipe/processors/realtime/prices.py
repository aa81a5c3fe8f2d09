"""What tokens cost: list prices in US dollars for a million tokens.

Source: the model pages of developers.openai.com as read in November 2026. Regional
hosts add 10 % for models released since 2026-03-05; that is not in this table.
Transcription is billed on its own card, and reported with each transcript.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

TOKEN_CLASSES = (
    "text_in",
    "audio_in",
    "image_in",
    "cached_text_in",
    "cached_audio_in",
    "cached_image_in",
    "text_out",
    "audio_out",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens of each class."""

    text_in: float
    audio_in: float
    image_in: float
    cached_text_in: float
    cached_audio_in: float
    cached_image_in: float
    text_out: float
    audio_out: float


_REALTIME_2 = Price(
    text_in=4,
    audio_in=32,
    image_in=5,
    cached_text_in=0.40,
    cached_audio_in=0.40,
    cached_image_in=0.50,
    text_out=24,
    audio_out=64,
)
_REALTIME_1 = replace(_REALTIME_2, text_out=16)
_MINI = Price(
    text_in=0.60,
    audio_in=10,
    image_in=0.80,
    cached_text_in=0.06,
    cached_audio_in=0.30,
    cached_image_in=0.08,
    text_out=2.40,
    audio_out=20,
)

PRICES: Mapping[str, Price] = {
    "gpt-realtime-2.1": _REALTIME_2,
    "gpt-realtime-2": _REALTIME_2,
    "gpt-realtime-2.1-mini": _MINI,
    "gpt-realtime-1.5": _REALTIME_1,
    "gpt-realtime": _REALTIME_1,
    "gpt-realtime-mini": _MINI,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionPrice:
    """What writing down the caller's words costs, by its minutes or by its tokens.

    Attributes:
        minute: US dollars for a minute of audio; 0 for a model that counts tokens.
        million_in: US dollars for a million tokens of input.
        million_out: the same of output.
    """

    minute: float = 0.0
    million_in: float = 0.0
    million_out: float = 0.0


TRANSCRIPTION_PRICES: Mapping[str, TranscriptionPrice] = {
    "gpt-transcribe": TranscriptionPrice(minute=0.006),
    "gpt-live-transcribe": TranscriptionPrice(minute=0.017),
    "gpt-realtime-whisper": TranscriptionPrice(minute=0.017),
    "gpt-4o-transcribe": TranscriptionPrice(million_in=2.50, million_out=10),
    "gpt-4o-mini-transcribe": TranscriptionPrice(million_in=1.25, million_out=5),
    "whisper-1": TranscriptionPrice(minute=0.006),
}

AUDIO_TOKENS_PER_MINUTE = 600  # of the caller: one in 100 ms


def price_of(model: str) -> Price | None:
    """The price of ``model``; a dated snapshot costs what its model costs."""
    return PRICES.get(_undated(model))


def cost_usd(model: str, tokens: Mapping[str, int]) -> float | None:
    """What ``tokens``, by class, cost with ``model``; ``None`` if it has no price."""
    price = price_of(model)
    if price is None:
        return None
    dollars: list[float] = [
        getattr(price, each) * tokens.get(each, 0) for each in TOKEN_CLASSES
    ]
    return sum(dollars) / 1e6


def transcription_usd(
    model: str, tokens: Mapping[str, int], seconds: float
) -> float | None:
    """What a transcription costs; ``None`` if the model has no price.

    Args:
        model: the transcribing one.
        tokens: by class, where the service counts those.
        seconds: of audio, where the service counts those.
    """
    price = TRANSCRIPTION_PRICES.get(_undated(model))
    if price is None:
        return None
    if price.minute:
        minutes = seconds / 60 or tokens.get("audio_in", 0) / AUDIO_TOKENS_PER_MINUTE
        return minutes * price.minute
    given = tokens.get("text_in", 0) + tokens.get("audio_in", 0)
    made = tokens.get("text_out", 0)
    return (given * price.million_in + made * price.million_out) / 1e6


def _undated(model: str) -> str:
    """``gpt-realtime`` of ``gpt-realtime-2025-08-28``."""
    return re.sub(r"-\d{4}-\d{2}-\d{2}$", "", model)


@dataclass(slots=True)
class Bill:
    """A running total.

    Attributes:
        tokens: of replies, by class.
        usd: of all that has a price, transcriptions included.
        unpriced: how many replies and transcriptions had none.
    """

    tokens: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(TOKEN_CLASSES, 0)
    )
    usd: float = 0.0
    unpriced: int = 0

    def add(self, tokens: Mapping[str, int], usd: float | None) -> None:
        """Put one reply on the bill; a transcription has no ``tokens`` here."""
        for each, count in tokens.items():
            self.tokens[each] = self.tokens.get(each, 0) + count
        if usd is None:
            self.unpriced += 1
        else:
            self.usd += usd
