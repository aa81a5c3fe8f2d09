"""Opening a session: connect, configure, and only then begin."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Unpack

from voxpipe.pipeline.runtime.opening import opened_by_block

from .config.changes import SessionOptions, settings_of
from .config.models import warn_of_end, warn_of_names, warn_of_prompt
from .config.settings import Settings
from .connect.connection import Connect, websocket
from .connect.handshake import OpenedSession, configured, in_time, update_of
from .connect.host import host_of, warn_of_detection
from .connect.service import FROM_ENVIRONMENT, Service
from .connect.sideband import check_unset, join
from .connect.way import on_its_way


class Session(OpenedSession[Settings]):
    """An open, configured conversation with a model; lend it to one `Realtime`."""

    __slots__ = ()


@opened_by_block
async def open_session(
    *,
    service: Service = FROM_ENVIRONMENT,
    connect: Connect = websocket,
    call_id: str | None = None,
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
        FormatError: audio that the service does not speak.
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
    update = update_of(settings.to_wire())
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
    where = {"model": settings.model} if call_id is None else {"call_id": call_id}
    async with connect(host.websocket(**where)) as connection:
        with in_time():
            if call_id is None:
                told = await configured(connection, update)
            else:
                connection, settings, told = await join(connection, settings)
        session = Session.as_told(settings, connection, told, host)
        with session.loan:
            yield session
