"""What tokens cost: list prices in US dollars for a million tokens.

Source: the model pages of developers.openai.com as read in November 2026. Regional
hosts add 10 % for models released since 2026-03-05; that is not in this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PRICES_OF = "2026-11"

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
_REALTIME_1 = Price(
    text_in=4,
    audio_in=32,
    image_in=5,
    cached_text_in=0.40,
    cached_audio_in=0.40,
    cached_image_in=0.50,
    text_out=16,
    audio_out=64,
)
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


def price_of(model: str) -> Price | None:
    """The price of ``model``; a dated snapshot costs what its model costs."""
    while model:
        if model in PRICES:
            return PRICES[model]
        model = model.rpartition("-")[0]
    return None


def cost_usd(model: str, tokens: Mapping[str, int]) -> float | None:
    """What ``tokens``, by class, cost with ``model``; ``None`` if it has no price."""
    price = price_of(model)
    if price is None:
        return None
    dollars: list[float] = [
        getattr(price, each) * tokens.get(each, 0) for each in TOKEN_CLASSES
    ]
    return sum(dollars) / 1e6


@dataclass(slots=True)
class Bill:
    """A running total.

    Attributes:
        tokens: by class.
        usd: of all that has a price.
        unpriced: how many replies had none.
    """

    tokens: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(TOKEN_CLASSES, 0)
    )
    usd: float = 0.0
    unpriced: int = 0

    def add(self, tokens: Mapping[str, int], usd: float | None) -> None:
        """Put one reply on the bill."""
        for each, count in tokens.items():
            self.tokens[each] = self.tokens.get(each, 0) + count
        if usd is None:
            self.unpriced += 1
        else:
            self.usd += usd
