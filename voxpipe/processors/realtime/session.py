"""Opening a session: connect, configure, and only then begin."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
from pydantic import SecretStr

from voxpipe.pipeline import AudioFormat, SessionLost, TransportError

from . import events as ev
from .address import address_of
from .connection import Connect, Connection, websocket
from .errors import ConfigurationError, SessionRefused
from .parse import parse
from .settings import DEFAULT_MODEL, PCM_24K, Modality, Settings, Turns

READY_TIMEOUT = 10.0  # seconds from the open socket to an acknowledged configuration


_CURES = {
    "invalid_api_key": ": check OPENAI_API_KEY",
    "invalid_model": ": this name is not a realtime model",
    "beta_api_shape_disabled": ": the beta is switched off, send no OpenAI-Beta header",
    "unknown_parameter": ": a field of extra= does not exist",
}


@dataclass(frozen=True, slots=True)
class Session:
    """An open, configured conversation with a model; lend it to one `Realtime`.

    Attributes:
        settings: what it was opened with.
        connection: the socket; `Realtime` reads it from now on.
        id: the service's name for it.
        expires_at: unix seconds; the service ends it then. ``None`` if it did not say.
    """

    settings: Settings
    connection: Connection
    id: str
    expires_at: int | None


@asynccontextmanager
async def open_session(
    *,
    model: str = DEFAULT_MODEL,
    instructions: str | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
    audio: AudioFormat = PCM_24K,
    turns: Turns = "server",
    voice: str | None = None,
    output: Modality = "audio",
    transcription: str | None = "gpt-transcribe",
    extra: Mapping[str, Any] | None = None,
    api_key: str | SecretStr | None = None,
    base_url: str | None = None,
    connect: Connect = websocket,
) -> AsyncGenerator[Session]:
    """Open a conversation with a model, and close it at the end of the context.

    Args:
        model: which one; billed accordingly.
        instructions: how it is to behave; ``None`` leaves the service's own.
        tools: their schemas, as `ToolRouter.schemas` gives them.
        audio: both ways: pcm16 24000 Hz, or G.711 8000 Hz straight from a telephone.
        turns: who decides when the caller has finished.
        voice: ``marin``, ``cedar`` …; fixed once the model has spoken.
        output: whether replies are spoken or written.
        transcription: the model that writes down what the caller says, if any.
        extra: further fields of the service's session object, merged into it.
        api_key: default: the environment's ``OPENAI_API_KEY``.
        base_url: default: the environment's ``OPENAI_BASE_URL``, or OpenAI itself.
        connect: opens the connection; the simulator in memory is another one.

    Raises:
        ConfigurationError: no key, an address that would send it in the clear, or
            something to ask for that JSON cannot express.
        FormatError: audio that the service does not speak.
        SessionRefused: the service said no.
        SessionLost: it went away before the session was ready.
        TransportError: it cannot be reached, or does not answer within 10 s.
    """
    settings = Settings(
        model=model,
        instructions=instructions,
        tools=tuple(tools),
        audio=audio,
        turns=turns,
        voice=voice,
        output=output,
        transcription=transcription,
        extra=extra,
    )
    update = _update(settings)
    address = address_of(model, api_key=api_key, base_url=base_url)
    async with connect(address) as connection:
        try:
            with anyio.fail_after(READY_TIMEOUT):
                created = await _expect(connection, "session.created")
                await connection.send(update)
                await _expect(connection, "session.updated")
        except TimeoutError:
            raise TransportError(
                f"the service did not get the session ready in {READY_TIMEOUT:.0f} s"
            ) from None
        yield Session(
            settings=settings,
            connection=connection,
            id=str(created.get("id", "")),
            expires_at=_whole(created.get("expires_at")),
        )


def _update(settings: Settings) -> str:
    try:
        return json.dumps({"type": "session.update", "session": settings.to_wire()})
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"the session is asked for something that JSON cannot express: {error}"
        ) from None


async def _expect(connection: Connection, kind: str) -> dict[str, Any]:
    while True:
        try:
            event = parse(await connection.receive())
        except SessionLost as lost:
            raise SessionLost(
                f"waiting for {kind}: {lost}", code=lost.code, reason=lost.reason
            ) from None
        if isinstance(event, ev.ErrorEvent):
            # Its message can quote the key, or the instructions: only the code is told.
            error = event.error
            code = error.code or error.type or "unknown error"
            raise SessionRefused(code, error.param, _CURES.get(code, ""))
        if isinstance(event, ev.SessionEvent) and event.type == kind:
            return event.session


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
