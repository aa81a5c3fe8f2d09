"""Client secrets: keys that a server hands to one client, with a session in them."""

from __future__ import annotations

from random import SystemRandom
from typing import Any

from voxpipe.simulator.errors import missing
from voxpipe.simulator.net.keys import IssuedSecret, Keys
from voxpipe.simulator.net.messages import HttpRequest, HttpResponse, json_response
from voxpipe.simulator.protocol.ids import Ids
from voxpipe.simulator.protocol.schema import (
    an_object,
    fields,
    integer,
    nullable,
    one_of,
)
from voxpipe.simulator.protocol.session_config import LIFETIME, SessionConfig
from voxpipe.simulator.protocol.session_schema import TRANSLATORS
from voxpipe.simulator.service.mcp.definitions import ServerDefinitions
from voxpipe.simulator.service.translation.config import TranslationConfig

from .request_body import DEFAULT_MODEL, check_model, json_object

_DEFAULT_LIFE = 600  # seconds
_ASKED = fields(
    {
        "expires_after": nullable(
            fields({"anchor": one_of("created_at"), "seconds": integer(10, 7200)})
        ),
        "session": nullable(an_object),
    }
)


class ClientSecretEndpoints:
    """Answers ``POST /v1/realtime/client_secrets`` and that of translations.

    Args:
        keys: which the secrets join.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._ids = Ids(SystemRandom())

    async def create(self, request: HttpRequest) -> HttpResponse:
        """Make one, for a session that is checked now.

        Raises:
            Refusal: it cannot be.
        """
        asked: dict[str, Any] = _ASKED(json_object(request), "")
        session: dict[str, Any] = {"type": "realtime", **(asked.get("session") or {})}
        return json_response(self._made(asked, session, self._effective(session)))

    async def create_translation(self, request: HttpRequest) -> HttpResponse:
        """Make one for a translation session.

        Raises:
            Refusal: it cannot be.
        """
        asked: dict[str, Any] = _ASKED(json_object(request), "")
        session: dict[str, Any] = {
            **(asked.get("session") or {}),
            "type": "translation",
        }
        if "model" not in session:
            raise missing("session.model")
        model = check_model(session["model"], TRANSLATORS)
        expires_at = int(self._keys.today()) + LIFETIME
        config = TranslationConfig(model, self._ids.new("sess"), expires_at)
        config.update(session)
        return json_response(self._made(asked, session, config.now))

    def _effective(self, session: dict[str, Any]) -> dict[str, Any]:
        kind = one_of("realtime", "transcription")(session["type"], "session.type")
        model = ""
        if kind == "realtime":
            model = check_model(session.setdefault("model", DEFAULT_MODEL))
        config = SessionConfig(kind, model, self._ids.new("sess"), 0)
        shown, _ = ServerDefinitions().declare(session, "session")
        config.update(shown, spoken=False, replying=False)
        return config.now

    def _made(
        self, asked: dict[str, Any], session: dict[str, Any], effective: dict[str, Any]
    ) -> dict[str, Any]:
        expiry: dict[str, int] = asked.get("expires_after") or {}
        life = expiry.get("seconds", _DEFAULT_LIFE)
        secret = IssuedSecret(
            self._ids.new("ek"), int(self._keys.today()) + life, session
        )
        self._keys.add(secret)
        return {
            "value": secret.value,
            "expires_at": secret.expires_at,
            "session": effective,
        }
