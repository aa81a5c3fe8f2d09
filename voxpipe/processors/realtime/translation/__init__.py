"""An interpreter in the pipeline: hears one language, says another."""

from .processor import Translate
from .session import TranslationSession, TranslationSettings, open_translation

__all__ = [
    "Translate",
    "TranslationSession",
    "TranslationSettings",
    "open_translation",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
