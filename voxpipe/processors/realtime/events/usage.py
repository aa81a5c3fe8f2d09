"""What replies and transcripts have used, as the service counts it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .event import Fields, Tally, Told


class CachedTokens(Fields, frozen=True):
    """How many input tokens of each class came from the cache."""

    text_tokens: Tally = 0
    audio_tokens: Tally = 0
    image_tokens: Tally = 0


class InputTokens(Fields, frozen=True):
    """Input tokens by class; cached ones are among them."""

    text_tokens: Tally = 0
    audio_tokens: Tally = 0
    image_tokens: Tally = 0
    cached_tokens_details: Told[CachedTokens] = None


class OutputTokens(Fields, frozen=True):
    """Output tokens by class."""

    text_tokens: Tally = 0
    audio_tokens: Tally = 0


class TokenUsage(Fields, frozen=True):
    """What a response has used."""

    input_token_details: Told[InputTokens] = None
    output_token_details: Told[OutputTokens] = None

    def by_class(self) -> dict[str, int]:
        """Counts by price class; cached input is not counted twice."""
        given = self.input_token_details or InputTokens()
        cached = given.cached_tokens_details or CachedTokens()
        made = self.output_token_details or OutputTokens()
        return {
            "text_in": max(0, given.text_tokens - cached.text_tokens),
            "audio_in": max(0, given.audio_tokens - cached.audio_tokens),
            "image_in": max(0, given.image_tokens - cached.image_tokens),
            "cached_text_in": cached.text_tokens,
            "cached_audio_in": cached.audio_tokens,
            "cached_image_in": cached.image_tokens,
            "text_out": made.text_tokens,
            "audio_out": made.audio_tokens,
        }


class TranscriptionUsage(Fields, frozen=True):
    """What a transcription has used: tokens of both kinds, or seconds."""

    seconds: Told[Annotated[float, Field(ge=0, le=1e6)]] = None
    input_token_details: Told[InputTokens] = None
    output_tokens: Tally = 0

    def by_class(self) -> dict[str, int]:
        """Counts by price class."""
        given = self.input_token_details or InputTokens()
        return {
            "text_in": given.text_tokens,
            "audio_in": given.audio_tokens,
            "text_out": self.output_tokens,
        }
