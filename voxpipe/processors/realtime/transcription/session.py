"""Opening a transcription: what can be asked of it, and what is refused before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from voxpipe.pipeline import AudioFormat
from voxpipe.pipeline.runtime.opening import opened_by_block
from voxpipe.processors.realtime.config.models import undated, warn_of_end
from voxpipe.processors.realtime.config.options import (
    Delay,
    Distance,
    NoiseReduction,
    Transcription,
    given,
)
from voxpipe.processors.realtime.config.settings import PCM_24K, Settings
from voxpipe.processors.realtime.config.turn_detection import ServerVad, TurnDetection
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

# Models that write while they hear, and leave it to others where a turn ends.
# Source: the guide to realtime transcription, November 2026.
STREAMING = frozenset({"gpt-realtime-whisper", "gpt-live-transcribe"})
_OF_REPLIES = {"create_response", "interrupt_response", "idle_timeout_ms"}


class TranscriptionSession(OpenedSession[Settings]):
    """An open, configured transcription; lend it to one `Transcribe`."""

    __slots__ = ()


@opened_by_block
async def open_transcription(
    *,
    model: str = "gpt-transcribe",
    language: str | None = None,
    languages: Sequence[str] = (),
    prompt: str | None = None,
    keywords: Sequence[str] = (),
    delay: Delay | None = None,
    turn_detection: TurnDetection | None = None,
    audio: AudioFormat = PCM_24K,
    noise_reduction: NoiseReduction | Distance | None = None,
    include: Sequence[str] = (),
    service: Service = FROM_ENVIRONMENT,
    connect: Connect = websocket,
) -> AsyncGenerator[TranscriptionSession]:
    """Open a session that only writes down, and close it at the end of the context.

    Args:
        model: ``gpt-transcribe``, or ``gpt-realtime-whisper`` and
            ``gpt-live-transcribe``, which write while somebody speaks …
        language: ISO-639-1, when it is known: fewer mistakes, less delay.
        languages: the ones that may be spoken, in place of ``language``.
        prompt: what it is about, or how names are spelt.
        keywords: words to expect.
        delay: how long gpt-realtime-whisper waits for more before it writes.
        turn_detection: who decides where a turn ends, and with it its words;
            default: the service by loudness, and the program (`Transcribe.end_turn`)
            with the two models for which the service does not.
        audio: pcm16 24000 Hz, or G.711 8000 Hz straight from a telephone.
        noise_reduction: for a microphone that is near or far.
        include: what else events are to tell:
            ``item.input_audio_transcription.logprobs``.
        service: where it is, and as whom it is opened.
        connect: opens the connection; the simulator in memory is another one.

    Warns:
        RetirementWarning: the model will be switched off.

    Raises:
        ConfigurationError: no key, an address that would send it in the clear, or a
            setting that the service would refuse, or this model does not have.
        FormatError: audio that the service does not speak.
        SessionRefused: the service said no.
        SessionLost: it went away before the session was ready.
        TransportError: it cannot be reached, or does not answer within 5 s.
    """
    writer = Transcription(
        model=model,
        language=language,
        languages=tuple(languages),
        prompt=prompt,
        keywords=tuple(keywords),
        delay=delay,
    )
    settings = Settings(
        model=model,
        transcription=writer,
        turn_detection=_detection(model, turn_detection),
        audio=audio,
        noise_reduction=noise_reduction,
        include=tuple(include),
    )
    update = update_of(to_wire(settings))
    connect = on_its_way(connect)
    host = host_of(service, connect)
    if not host.is_azure:  # where names are anybody's
        warn_of_end(model)
    address = host.websocket(intent="transcription")
    async with opened(address, update, connect) as (connection, told):
        session = TranscriptionSession.as_told(settings, connection, told, host)
        with session.loan:
            yield session


def to_wire(settings: Settings) -> dict[str, Any]:
    """The ``session`` of the ``session.update`` that opens a transcription.

    Raises:
        FormatError: audio that the service does not speak.
    """
    hears = settings.to_wire()["audio"]["input"]
    detection = hears["turn_detection"]
    if detection is not None:
        hears["turn_detection"] = {
            name: value for name, value in detection.items() if name not in _OF_REPLIES
        }
    return given(
        type="transcription",
        audio={"input": hears},
        include=list(settings.include) or None,
    )


def _detection(model: str, asked: TurnDetection | None) -> TurnDetection:
    streams = undated(model) in STREAMING
    if asked is None:
        return "manual" if streams else "server"
    if streams and asked not in ("manual", "local"):
        raise ConfigurationError(
            f"{model} writes while it hears, and does not find out where a turn ends: "
            'open it with turn_detection="local" and a Vad() in front of '
            'transcribe.hears, or with turn_detection="manual" and '
            "transcribe.end_turn()"
        )
    if isinstance(asked, ServerVad) and asked.idle_ms is not None:
        raise ConfigurationError(
            "a transcription answers nobody, so that it has no idle_ms: leave it out"
        )
    return asked
