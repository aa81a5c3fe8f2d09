"""Opening a session: connect, configure, and only then begin."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, Unpack

from voxpipe.pipeline import FormatError
from voxpipe.pipeline.runtime.opening import opened_by_block

from .config.changes import SessionOptions, settings_of
from .config.models import warn_of_end, warn_of_names, warn_of_prompt
from .config.settings import Settings
from .connect.connection import Connect, websocket
from .connect.handshake import OpenedSession, configured, in_time, update_of
from .connect.host import host_of, warn_of_detection
from .connect.reconnect import Reconnect
from .connect.service import FROM_ENVIRONMENT, Service
from .connect.sideband import check_unset, join
from .connect.way import on_its_way

RECONNECT: Final = Reconnect()


class Session(OpenedSession[Settings]):
    """An open, configured conversation with a model; lend it to one `Realtime`."""

    __slots__ = ()


@opened_by_block
async def open_session(
    *,
    service: Service = FROM_ENVIRONMENT,
    connect: Connect = websocket,
    call_id: str | None = None,
    reconnect: Reconnect | None = RECONNECT,
    **options: Unpack[SessionOptions],
) -> AsyncGenerator[Session]:
    """Open a conversation with a model, and close it at the end of the context.

    Args:
        service: where it is, and as whom it is opened; default: as the environment
            says.
        connect: opens the connection; the simulator is another one
            (``connect=simulated(script)``).
        call_id: ``rtc_…``, of a call that the service carries itself (SIP, WebRTC): its
            session is controlled from here, as it was accepted; no option goes with
            it, and no audio.
        reconnect: for how long another session is tried when this one is lost, so that
            the conversation goes on; ``None`` to have the call end then. One that is
            joined by ``call_id`` always does.
        options: what the session is asked for, such as ``instructions="Be brief."``:
            `SessionOptions` explains each.

    Warns:
        RetirementWarning: the model, its transcriber or the prompt will be switched
            off.
        NameWarning: a model or a voice is not known; with the one that is like it.
        HostWarning: the host is known not to do what is asked.

    Raises:
        ConfigurationError: no key, an address that would send it in the clear, a
            setting out of range or not for this model, or something to ask for that
            JSON cannot express.
        FormatError: audio that the service does not speak, or another one in
            ``reconnect``.
        SessionRefused: the service said no.
        SessionLost: it went away before the session was ready.
        TransportError: it cannot be reached, or does not answer within 5 s.
        TypeError: there is no such option.
    """
    settings = settings_of(options, call_id)
    connect = on_its_way(connect)
    if settings.prompt is not None:
        warn_of_prompt()
    if call_id is not None:
        check_unset(settings)
    host = host_of(service, connect)
    warn_of_detection(host, settings.turn_detection)
    if not host.is_azure:  # where names are anybody's, and models end on other days
        transcriber = settings.transcriber
        warn_of_end(settings.model, *([transcriber.model] if transcriber else ()))
        if host.is_openai:  # a gateway may have names of its own
            warn_of_names(
                model=settings.model,
                transcriber=transcriber.model if transcriber else None,
                voice=settings.voice,
            )
    if call_id is not None:
        reconnect = None
    _check_line(reconnect, settings)
    async with _opened(settings, service, connect, reconnect) as session:
        yield session


@asynccontextmanager
async def _opened(
    settings: Settings, service: Service, connect: Connect, reconnect: Reconnect | None
) -> AsyncGenerator[Session]:
    update = update_of(settings.to_wire())
    host = host_of(service, connect)  # each time: the environment may have another key
    call_id = settings.call_id
    where = {"model": settings.model} if call_id is None else {"call_id": call_id}
    another = None
    if reconnect is not None:
        another = partial(
            _opened, service=service, connect=connect, reconnect=reconnect
        )
    async with connect(host.websocket(**where)) as connection:
        with in_time():
            if call_id is None:
                told = await configured(connection, update)
            else:
                connection, settings, told = await join(connection, settings)
        session = Session.as_told(
            settings, connection, told, host, reconnect=reconnect, another=another
        )
        with session.loan:
            yield session


def _check_line(reconnect: Reconnect | None, settings: Settings) -> None:
    say = None if reconnect is None else reconnect.say
    if say is not None and say.format != settings.audio:
        raise FormatError(
            f"the line that is said while the model is lost is {say.format}, and the "
            f"session {settings.audio}: convert it before, or leave say= out"
        )
