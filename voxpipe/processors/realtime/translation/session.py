"""Opening a translation: what can be asked of it, and what is refused before."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, get_args

from voxpipe.pipeline.runtime.opening import opened_by_block
from voxpipe.processors.realtime.config.models import warn_of_end
from voxpipe.processors.realtime.config.options import (
    Distance,
    NoiseReduction,
    given,
    noise_as_wire,
    one_of,
)
from voxpipe.processors.realtime.connect.connection import Connect, websocket
from voxpipe.processors.realtime.connect.handshake import (
    OpenedSession,
    opened,
    update_of,
)
from voxpipe.processors.realtime.connect.host import host_of
from voxpipe.processors.realtime.connect.service import FROM_ENVIRONMENT, Service
from voxpipe.processors.realtime.connect.way import on_its_way
from voxpipe.processors.realtime.errors import ConfigurationError

TRANSLATOR = "gpt-realtime-translate"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationSettings:
    """Everything that a translation is opened with; `open_translation` explains it.

    Raises:
        ConfigurationError: something that the service would refuse.
    """

    language: str
    model: str = TRANSLATOR
    transcription: str | None = None
    noise_reduction: NoiseReduction | Distance | None = None

    def __post_init__(self) -> None:
        check_language(self.language)
        if self.model.startswith("gpt-") and "translate" not in self.model:
            raise ConfigurationError(
                f"{self.model} does not translate: use {TRANSLATOR}, or open_session() "
                "for a conversation"
            )
        if isinstance(self.noise_reduction, str):
            one_of("noise_reduction", self.noise_reduction, get_args(Distance))

    def to_wire(self) -> dict[str, Any]:
        """The ``session`` of a ``session.update``; the model is in the address."""
        transcription = self.transcription and {"model": self.transcription}
        hears = given(
            transcription=transcription or None,
            noise_reduction=noise_as_wire(self.noise_reduction),
        )
        audio = given(output={"language": self.language}, input=hears or None)
        return {"audio": audio}


def check_language(language: str) -> None:
    """Refuse what is no code of a language.

    Raises:
        ConfigurationError: says what one looks like.
    """
    if not _LANGUAGE.fullmatch(language):
        raise ConfigurationError(
            f"a language is a code such as es, de or ja, not {language!r}"
        )


class TranslationSession(OpenedSession[TranslationSettings]):
    """An open, configured translation; lend it to one `Translate`."""

    __slots__ = ()


@opened_by_block
async def open_translation(
    *,
    language: str,
    model: str = TRANSLATOR,
    transcription: str | None = None,
    noise_reduction: NoiseReduction | Distance | None = None,
    service: Service = FROM_ENVIRONMENT,
    connect: Connect = websocket,
) -> AsyncGenerator[TranslationSession]:
    """Open a translation into one language, and close it at the end of the context.

    What is spoken need not be said: the service recognises some seventy languages.

    Args:
        language: to translate into, by its code: ``es``, ``de``, ``ja`` …
        model: which one; billed by the minute of what it hears.
        transcription: the model that writes down what was said in the language that it
            was said in, such as ``gpt-realtime-whisper``; ``None`` for no such words.
        noise_reduction: for a microphone that is near or far.
        service: where it is, and as whom it is opened. Azure does not translate.
        connect: opens the connection; the simulator in memory is another one.

    Warns:
        RetirementWarning: a model will be switched off.

    Raises:
        ConfigurationError: no key, an address that would send it in the clear, or a
            setting that the service would refuse.
        SessionRefused: the service said no.
        SessionLost: it went away before the session was ready.
        TransportError: it cannot be reached, or does not answer within 5 s.
    """
    settings = TranslationSettings(
        language=language,
        model=model,
        transcription=transcription,
        noise_reduction=noise_reduction,
    )
    warn_of_end(*([transcription] if transcription else ()))
    connect = on_its_way(connect)
    host = host_of(service, connect)
    if host.is_azure:
        raise ConfigurationError(
            "Azure has no translation sessions: leave base_url= out"
        )
    address = host.websocket("/realtime/translations", model=model)
    update = update_of(settings.to_wire())
    async with opened(address, update, connect) as (connection, told):
        session = TranslationSession.as_told(settings, connection, told, host)
        with session.loan:
            yield session
