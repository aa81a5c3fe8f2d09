"""What can be asked of the service over REST.

Source: API reference of developers.openai.com (Realtime: client secrets, calls), and
the official SDK's types.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from voxpipe.pipeline.runtime.opening import opened_by_block
from voxpipe.processors.realtime.config.models import warn_of_end, warn_of_prompt
from voxpipe.processors.realtime.config.options import between
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.connect.handshake import update_of
from voxpipe.processors.realtime.connect.host import host_of
from voxpipe.processors.realtime.connect.proxy import proxy_of
from voxpipe.processors.realtime.connect.service import FROM_ENVIRONMENT, Service
from voxpipe.processors.realtime.connect.sideband import checked_call_id, is_call_id
from voxpipe.processors.realtime.errors import ConfigurationError

from .asking import Asking, parsed
from .errors import RestError

if TYPE_CHECKING:
    import httpx2

TIMEOUT = 10.0  # seconds; an accepted call rings first, and nobody waits longer
SECRET_LIFE = 600  # seconds, as the service has it
DECLINE = 603  # SIP: the callee does not wish to take the call
LONGEST_SDP = 65_536  # characters; a browser's offer has some 5,000

_TARGET = re.compile(r"(tel|sips?):[\x21-\x7e]{1,512}")


class ClientSecret(BaseModel):
    """A key for one who must not have yours, such as a browser; good for minutes.

    It opens any number of sessions until it expires, which may then go on.

    Attributes:
        value: ``ek_…``; not shown.
        expires_at: unix seconds.
    """

    model_config = ConfigDict(frozen=True)

    value: Annotated[SecretStr, Field(min_length=1)]
    expires_at: Annotated[int, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Answer:
    """The other half of an SDP exchange.

    Attributes:
        sdp: for the browser, as it came.
        call_id: ``rtc_…``; `open_session` takes it, to control the call from here.
    """

    sdp: str
    call_id: str


@opened_by_block
async def open_rest(
    *,
    service: Service = FROM_ENVIRONMENT,
    timeout: float = TIMEOUT,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> AsyncGenerator[Rest]:
    """Keep connections to the REST side of the service; one for a whole server will do.

    Args:
        service: where it is, and as whom it is asked.
        timeout: seconds for each request.
        transport: another way to the service than the network, for tests.

    Raises:
        ConfigurationError: no key for this host, an address that would send it in the
            clear, or a proxy that is none.
        ImportError: httpx2 is not installed.
    """
    try:
        import httpx2
    except ImportError:
        raise ImportError(
            "the REST side needs httpx2: pip install 'voxpipe[rest]'"
        ) from None
    host = host_of(service)
    proxy = proxy_of(host.rest("").url) if transport is None else None

    def make() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            timeout=timeout,
            follow_redirects=False,
            transport=transport,
            # What sessions take: httpx2 itself would read NO_PROXY otherwise.
            trust_env=False,
            proxy=proxy.url if proxy else None,
            verify=transport is not None or httpx2.create_ssl_context(),
        )

    # Certificates are read then, which takes a tenth of a second: not in the loop.
    client = await to_thread.run_sync(make) if transport is None else make()
    async with client:
        yield Rest(Asking(client, host, timeout, proxy))


class Rest:
    """Client secrets, and calls that a telephone network or a browser carries.

    Every request raises `RestError` when the service does not do as it was asked, and
    ``ConfigurationError`` for what it would refuse; those with settings warn of models
    that will be switched off, as `open_session` does.

    Args:
        asking: how it is asked; `open_rest` makes one.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    # --- secrets

    async def client_secret(
        self, settings: Settings | None = None, *, seconds: int = SECRET_LIFE
    ) -> ClientSecret:
        """Make a key that a browser may have.

        Args:
            settings: of the sessions that it opens, unless they say otherwise.
            seconds: for which it is good, 10 to 7,200.
        """
        self._warn(settings)
        session = None if settings is None else _whole(settings)
        return await self._secret("/realtime/client_secrets", session, seconds)

    async def translation_secret(
        self,
        language: str,
        *,
        model: str = "gpt-realtime-translate",
        transcription: str | None = None,
        seconds: int = SECRET_LIFE,
    ) -> ClientSecret:
        """Make a key for translation sessions.

        Args:
            language: that is spoken, such as ``de``.
            model: that translates.
            transcription: the model that writes down what is heard, if any.
            seconds: for which it is good, 10 to 7,200.
        """
        audio: dict[str, Any] = {"output": {"language": language}}
        if transcription is not None:
            audio["input"] = {"transcription": {"model": transcription}}
        session = {"model": model, "audio": audio}
        path = "/realtime/translations/client_secrets"
        return await self._secret(path, session, seconds)

    # --- calls

    async def accept(self, call_id: str, settings: Settings | None = None) -> None:
        """Take a SIP call that a webhook has announced, and begin its session.

        Args:
            call_id: as the webhook has it.
            settings: of the session; its audio format is the telephone's affair.
        """
        settings = settings or Settings()
        self._warn(settings)
        body = _negotiated(settings)
        await self._call(call_id, "accept", json=body)

    async def reject(self, call_id: str, status: int = DECLINE) -> None:
        """Turn a SIP call away.

        Args:
            call_id: as the webhook has it.
            status: what the caller's side is told: 486 is busy, 603 is no.
        """
        between("status", status, 400, 699)
        await self._call(call_id, "reject", json={"status_code": status})

    async def refer(self, call_id: str, target: str) -> None:
        """Pass a SIP call on to a human, or whoever else answers there.

        Args:
            call_id: of a call that was accepted.
            target: ``tel:+4930…`` or ``sip:…``.
        """
        if _TARGET.fullmatch(target) is None:
            raise ConfigurationError(
                "a call is referred to tel:+… or sip:…, without spaces"
            )
        await self._call(call_id, "refer", json={"target_uri": target})

    async def hang_up(self, call_id: str) -> None:
        """End a call, be it SIP or WebRTC; its sessions end with it."""
        await self._call(call_id, "hangup")

    async def answer(self, offer: str, settings: Settings | None = None) -> Answer:
        """Have the service answer a browser's offer of a WebRTC call.

        Args:
            offer: the browser's SDP.
            settings: of the session, unless the key is a client secret that has them.
        """
        if not 0 < len(offer) <= LONGEST_SDP:
            raise ConfigurationError(
                f"an offer is an SDP of 1 to {LONGEST_SDP} characters, not {len(offer)}"
            )
        self._warn(settings)
        accept, kind = {"accept": "application/sdp"}, "application/sdp"
        content: dict[str, Any] = {"headers": accept}
        if settings is None:
            content = {"content": offer, "headers": accept | {"content-type": kind}}
        else:
            session = json.dumps(_negotiated(settings))
            content["files"] = {
                "sdp": (None, offer, kind),
                "session": (None, session, "application/json"),
            }
        what = "answer the offer"
        sdp, headers = await self._asking.post(what, "/realtime/calls", **content)
        _, _, call_id = headers.get("location", "").rpartition("/")
        if not is_call_id(call_id):
            raise RestError(f"asked to {what}, the service did not name the call")
        return Answer(sdp.decode(errors="replace"), call_id)

    async def _secret(
        self, path: str, session: dict[str, Any] | None, seconds: int
    ) -> ClientSecret:
        between("seconds", seconds, 10, 7_200)
        body: dict[str, Any] = {
            "expires_after": {"anchor": "created_at", "seconds": seconds}
        }
        if session is not None:
            body["session"] = session
        what = "make a client secret"
        answer, _ = await self._asking.post(what, path, json=body)
        try:
            return ClientSecret.model_validate(parsed(answer))
        except ValidationError:
            pass
        # Here, so that it does not carry the error above, which knows the secret.
        raise RestError(f"asked to {what}, the service answered with something else")

    async def _call(self, call_id: str, verb: str, **content: Any) -> None:
        path = f"/realtime/calls/{checked_call_id(call_id)}/{verb}"
        what = "hang up" if verb == "hangup" else f"{verb} the call"
        await self._asking.post(what, path, **content)

    def _warn(self, settings: Settings | None) -> None:
        """Of what ends; as if the program did, which is two calls above."""
        if settings is None or self._asking.host.is_azure:
            return  # Azure's names are anybody's, and its models end on other days
        transcriber = settings.transcriber
        warn_of_end(settings.model, *([transcriber.model] if transcriber else ()))
        if settings.prompt is not None:
            warn_of_prompt()


def _whole(settings: Settings) -> dict[str, Any]:
    session = {"model": settings.model, **settings.to_wire()}
    update: dict[str, Any] = json.loads(update_of(session))  # or refused
    whole: dict[str, Any] = update["session"]
    return whole


def _negotiated(settings: Settings) -> dict[str, Any]:
    """The session of a call whose two ends agree on a format by themselves."""
    session = _whole(settings)
    for side in ("input", "output"):
        session["audio"][side].pop("format", None)
    return session
