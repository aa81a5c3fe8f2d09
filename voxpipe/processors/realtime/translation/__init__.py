"""An interpreter in the pipeline: hears one language, says another."""

from .processor import Translate
from .session import TranslationSession, TranslationSettings, open_translation

__all__ = [
    "Translate",
    "TranslationSession",
    "TranslationSettings",
    "open_translation",
]
