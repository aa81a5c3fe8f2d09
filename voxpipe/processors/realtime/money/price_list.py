"""The service's list prices, each with the day since when there is such a model.

Source: the model pages, https://developers.openai.com/api/docs/models, as read in
November 2026; days of release from the changelog there. Where a page lacks a figure,
the line says whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens of each class.

    Attributes:
        released: since when there is the model; regional hosts add to the price of new
            ones.
    """

    text_in: float
    audio_in: float
    image_in: float
    cached_text_in: float
    cached_audio_in: float
    cached_image_in: float
    text_out: float
    audio_out: float
    released: date = date.min


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechPrice:
    """What writing speech down, or translating it, costs: by minutes or by tokens.

    Attributes:
        minute: US dollars for a minute of audio; 0 for a model that counts tokens.
        million_in: US dollars for a million tokens of input.
        million_out: the same of output.
        released: as of a `Price`.
    """

    minute: float = 0.0
    million_in: float = 0.0
    million_out: float = 0.0
    released: date = date.min


_MAY, _JULY = date(2026, 5, 7), date(2026, 7, 6)
_TRANSCRIBERS = date(2026, 7, 28)

_REALTIME_2 = Price(
    text_in=4,
    audio_in=32,
    image_in=5,
    cached_text_in=0.40,
    cached_audio_in=0.40,
    cached_image_in=0.50,
    text_out=24,
    audio_out=64,
    released=_MAY,
)
_REALTIME_1 = replace(_REALTIME_2, text_out=16, released=date.min)
_MINI = Price(
    text_in=0.60,
    audio_in=10,
    image_in=0.80,  # of gpt-realtime-mini no page says it: that of its successor
    cached_text_in=0.06,
    cached_audio_in=0.30,
    cached_image_in=0.08,
    text_out=2.40,
    audio_out=20,
)

PRICES: Mapping[str, Price] = {
    "gpt-realtime-2.1": replace(_REALTIME_2, released=_JULY),
    "gpt-realtime-2": _REALTIME_2,
    "gpt-realtime-2.1-mini": replace(_MINI, released=_JULY),
    "gpt-realtime-1.5": _REALTIME_1,
    "gpt-realtime": _REALTIME_1,
    "gpt-realtime-mini": _MINI,
}

SPEECH_PRICES: Mapping[str, SpeechPrice] = {
    # Of the first no page says it; the figure is a third party's.
    "gpt-transcribe": SpeechPrice(minute=0.006, released=_TRANSCRIBERS),
    "gpt-live-transcribe": SpeechPrice(minute=0.017, released=_TRANSCRIBERS),
    "gpt-realtime-whisper": SpeechPrice(minute=0.017, released=_MAY),
    "gpt-4o-transcribe": SpeechPrice(million_in=2.50, million_out=10),
    "gpt-4o-mini-transcribe": SpeechPrice(million_in=1.25, million_out=5),
    "whisper-1": SpeechPrice(minute=0.006),
    "gpt-realtime-translate": SpeechPrice(minute=0.034, released=_MAY),
}
