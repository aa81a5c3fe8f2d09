"""Opening a session: connect, configure, and only then begin."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import SecretStr

from voxpipe.pipeline import AudioFormat

from .config.hosted_mcp import HostedMcp
from .config.models import warn_of_end, warn_of_prompt
from .config.options import (
    Distance,
    Effort,
    McpChoice,
    NoiseReduction,
    Prompt,
    Retention,
    Tracing,
    Transcription,
)
from .config.settings import DEFAULT_MODEL, PCM_24K, Modality, Settings
from .config.turn_detection import TurnDetection
from .connect.address import address_of
from .connect.connection import Connect, Connection, websocket
from .connect.handshake import Opened, configured, in_time, update_of
from .connect.host import Region, host_of, warn_of_detection
from .connect.sideband import check_unset, join


@dataclass(frozen=True, slots=True)
class Session:
    """An open, configured conversation with a model; lend it to one `Realtime`.

    Attributes:
        settings: what it was opened with.
        connection: the socket; `Realtime` reads it from now on.
        id: the service's name for it.
        expires_at: unix seconds; the service ends it then. ``None`` if it did not say.
        host: where it is.
    """

    settings: Settings
    connection: Connection
    id: str
    expires_at: int | None
    host: str = ""


@asynccontextmanager
async def open_session(
    *,
    model: str = DEFAULT_MODEL,
    instructions: str | None = None,
    prompt: Prompt | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
    mcp: Sequence[HostedMcp] = (),
    tool_choice: str | McpChoice | None = None,
    parallel_tool_calls: bool | None = None,
    reasoning: Effort | None = None,
    max_output_tokens: int | Literal["inf"] | None = None,
    audio: AudioFormat = PCM_24K,
    turn_detection: TurnDetection = "server",
    noise_reduction: NoiseReduction | Distance | None = None,
    transcription: Transcription | str | None = "gpt-transcribe",
    voice: str | None = None,
    speed: float | None = None,
    output: Modality = "audio",
    truncation: Retention | Literal["auto", "disabled"] | None = None,
    tracing: Tracing | None = None,
    include: Sequence[str] = (),
    extra: Mapping[str, Any] | None = None,
    call_id: str | None = None,
    api_key: str | SecretStr | None = None,
    base_url: str | None = None,
    region: Region | None = None,
    organization: str | None = None,
    project: str | None = None,
    safety_identifier: str | None = None,
    connect: Connect = websocket,
) -> AsyncGenerator[Session]:
    """Open a conversation with a model, and close it at the end of the context.

    Args:
        model: which one; billed accordingly.
        instructions: how it is to behave; ``None`` leaves the service's own.
        prompt: instructions that are kept at the service, by name.
        tools: their schemas, as `ToolRouter.schemas` gives them.
        mcp: servers whose tools the service calls itself.
        tool_choice: ``auto``, ``none``, ``required``, the name of the function that
            every reply has to call, or an `McpChoice`.
        parallel_tool_calls: whether one reply may call several tools.
        reasoning: how long a model that reasons thinks before it speaks.
        max_output_tokens: of one reply, 1 to 4,096; default: what the model can
            (``inf``).
        audio: both ways: pcm16 24000 Hz, or G.711 8000 Hz straight from a telephone.
        turn_detection: who decides when the caller has finished.
        noise_reduction: for a microphone that is near or far.
        transcription: what writes down what the caller says, if anything.
        voice: ``marin``, ``cedar`` …, or the id of your own; fixed once the model has
            spoken.
        speed: of speech, 0.25 to 1.5.
        output: whether replies are spoken or written.
        truncation: what is dropped from a conversation that gets too long: the least
            (``auto``), nothing, which is an error then, or more at once.
        tracing: have the service keep a trace.
        include: what else events are to tell:
            ``item.input_audio_transcription.logprobs``.
        extra: further fields of the service's session object, merged into it.
        call_id: ``rtc_…``, of a call that the service carries itself (SIP, WebRTC): its
            session is controlled from here, as it was accepted; no setting goes with
            it, and no audio.
        api_key: default: the environment's ``OPENAI_API_KEY`` (for Azure,
            ``AZURE_OPENAI_API_KEY``).
        base_url: default: the environment's ``OPENAI_BASE_URL``, or OpenAI itself.
        region: OpenAI's hosts for the US or the EU, in place of a URL.
        organization: who pays; default: the environment's ``OPENAI_ORG_ID``.
        project: likewise, ``OPENAI_PROJECT_ID``.
        safety_identifier: of the end user, hashed; the same for all of their calls.
        connect: opens the connection; the simulator in memory is another one.

    Warns:
        RetirementWarning: the model, its transcriber or the prompt will be switched
            off.
        HostWarning: the host is known not to do what is asked.

    Raises:
        ConfigurationError: no key, an address that would send it in the clear, a
            setting out of range or not for this model, or something to ask for that
            JSON cannot express.
        FormatError: audio that the service does not speak.
        SessionRefused: the service said no.
        SessionLost: it went away before the session was ready.
        TransportError: it cannot be reached, or does not answer within 10 s.
    """
    settings = Settings(
        model=model,
        instructions=instructions,
        prompt=prompt,
        tools=tuple(tools),
        mcp=tuple(mcp),
        tool_choice=tool_choice,
        parallel_tool_calls=parallel_tool_calls,
        reasoning=reasoning,
        max_output_tokens=max_output_tokens,
        audio=audio,
        turn_detection=turn_detection,
        noise_reduction=noise_reduction,
        transcription=transcription,
        voice=voice,
        speed=speed,
        output=output,
        truncation=truncation,
        tracing=tracing,
        include=tuple(include),
        extra=extra,
        call_id=call_id,
    )
    if prompt is not None:
        warn_of_prompt()
    if call_id is not None:
        check_unset(settings)
    update = update_of(settings.to_wire())
    host = host_of(
        api_key=api_key,
        base_url=base_url,
        region=region,
        organization=organization,
        project=project,
        safety_identifier=safety_identifier,
    )
    warn_of_detection(host, turn_detection)
    if not host.is_azure:  # where names are anybody's, and models end on other days
        transcriber = settings.transcriber
        warn_of_end(model, *([transcriber.model] if transcriber else ()))
    where = {"model": model} if call_id is None else {"call_id": call_id}
    async with connect(address_of(host, **where)) as connection:
        with in_time():
            if call_id is None:
                ready = await configured(connection, update)
            else:
                connection, settings, told = await join(connection, settings)
                ready = Opened(connection, told)
        yield Session(
            settings=settings,
            connection=connection,
            id=ready.id,
            expires_at=ready.expires_at,
            host=host.netloc,
        )
