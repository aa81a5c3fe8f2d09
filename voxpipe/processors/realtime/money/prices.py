"""What tokens and minutes cost by the price list, and the bill that they make.

Transcription is billed on its own card, and reported with each transcript.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache

from voxpipe.processors.realtime.config.models import undated

from .price_list import PRICES, SPEECH_PRICES, Price

TOKEN_CLASSES = tuple(each.name for each in fields(Price) if each.name != "released")

AUDIO_TOKENS_PER_MINUTE = 600  # of the caller: one in 100 ms

# Source: developers.openai.com, "Your data", data residency (2026-08-21).
_REGIONAL = frozenset({"us.api.openai.com", "eu.api.openai.com"})
_SURCHARGE, _SURCHARGED_SINCE = 1.10, date(2026, 3, 5)


@lru_cache(maxsize=64)  # models; it is asked for each reply
def price_of(model: str) -> Price | None:
    """The price of ``model``; a dated snapshot costs what its model costs."""
    return PRICES.get(undated(model))


def cost_usd(model: str, tokens: Mapping[str, int], host: str = "") -> float | None:
    """What ``tokens``, by class, cost with ``model``; ``None`` if it has no price.

    Args:
        model: the one that was used.
        tokens: how many of each of `TOKEN_CLASSES`.
        host: where; regional ones add 10 % for models released since 2026-03-05.
    """
    price = price_of(model)
    if price is None:
        return None
    return at_price(price, tokens) * _factor(host, price.released)


def at_price(price: Price, tokens: Mapping[str, int]) -> float:
    """What ``tokens``, by class, cost at a price, in US dollars."""
    dollars: list[float] = [
        getattr(price, each) * tokens.get(each, 0) for each in TOKEN_CLASSES
    ]
    return sum(dollars) / 1e6


def speech_usd(
    model: str, tokens: Mapping[str, int], seconds: float, host: str = ""
) -> float | None:
    """What a transcription or a translation costs; ``None`` without a price.

    Args:
        model: that writes down, or translates.
        tokens: by class, where the service counts those.
        seconds: of audio, where the service, or who sends it, counts those.
        host: as of `cost_usd`.
    """
    price = SPEECH_PRICES.get(undated(model))
    if price is None:
        return None
    factor = _factor(host, price.released)
    if price.minute:
        minutes = seconds / 60 or tokens.get("audio_in", 0) / AUDIO_TOKENS_PER_MINUTE
        return minutes * price.minute * factor
    given = tokens.get("text_in", 0) + tokens.get("audio_in", 0)
    made = tokens.get("text_out", 0)
    return (given * price.million_in + made * price.million_out) / 1e6 * factor


def _factor(host: str, released: date) -> float:
    regional = host.partition(":")[0].lower() in _REGIONAL
    return _SURCHARGE if regional and released >= _SURCHARGED_SINCE else 1.0


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
