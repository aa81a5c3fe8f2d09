"""Whether what a caller has said is a yes: one judgement for all that costs money."""

from .caller_words import CallerWords
from .consent import Consent, Understands, consent
from .phrases import ENGLISH, FRENCH, GERMAN, ITALIAN, SPANISH, Phrases

__all__ = [
    "ENGLISH",
    "FRENCH",
    "GERMAN",
    "ITALIAN",
    "SPANISH",
    "CallerWords",
    "Consent",
    "Phrases",
    "Understands",
    "consent",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
