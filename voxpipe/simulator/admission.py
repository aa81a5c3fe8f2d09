"""Who may open which session: what stands in the URL and the headers of the upgrade.

The service upgrades first and refuses then: an ``error`` event and a close frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from voxpipe.simulator.wire.session_config import Kind
from voxpipe.simulator.wire.session_schema import MODELS

from .errors import Farewell, Refusal, quoted

Query = Mapping[str, list[str]]
SUBPROTOCOL = "realtime"
_KEY_IN_SUBPROTOCOL = "openai-insecure-api-key."


class Admission(NamedTuple):
    """The session that a client may have."""

    kind: Kind
    model: str


class Rejection(Exception):
    """A client that is sent away.

    Attributes:
        event: the ``error`` event to send.
        farewell: the close frame after it.
    """

    def __init__(self, code: int, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        reason = refusal.type
        if refusal.code is not None:
            reason = f"{reason}.{refusal.code}"
        self.event: dict[str, Any] = {
            "type": "error",
            "event_id": f"event_{uuid4()}",
            "error": refusal.body(),
        }
        self.farewell = Farewell(code, reason)


def looks_like_a_key(key: str) -> bool:
    """What a simulator accepts unless told otherwise: ``sk-…`` and ``ek_…``."""
    return key.startswith(("sk-", "ek_"))


def admit(
    target: str,
    headers: Mapping[str, str],
    subprotocols: Iterable[str],
    accepts: Callable[[str], bool],
) -> Admission:
    """Decide about an upgrade request.

    Args:
        target: path and query; the path is one of `DOORS`.
        headers: of the request, looked up without regard to case.
        subprotocols: offered by the client; browsers put their key there.
        accepts: whether an API key is good.

    Raises:
        Rejection: the client is to be sent away.
    """
    key = _key(headers, subprotocols)
    if key is None:
        raise Rejection(
            3000, Refusal(None, "Missing bearer or basic authentication in header")
        )
    if not key or not accepts(key):
        raise Rejection(
            3000,
            Refusal(
                "invalid_api_key",
                f"Incorrect API key provided: {key[:3]}****. You can find your API key "
                "at https://platform.openai.com/account/api-keys.",
            ),
        )
    if "realtime=v1" in headers.get("OpenAI-Beta", ""):
        raise Rejection(
            4000,
            Refusal(
                "beta_api_shape_disabled",
                "The Realtime Beta API is no longer available. Remove the OpenAI-Beta "
                "header and use the GA API.",
            ),
        )
    url = urlsplit(target)
    return DOORS[url.path](parse_qs(url.query))


def _key(headers: Mapping[str, str], subprotocols: Iterable[str]) -> str | None:
    authorization = headers.get("Authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(" ")
        return key.strip() if scheme.lower() == "bearer" else None
    for each in subprotocols:
        if each.startswith(_KEY_IN_SUBPROTOCOL):
            return each.removeprefix(_KEY_IN_SUBPROTOCOL)
    return None


def _session(query: Query) -> Admission:
    model = query.get("model", [""])[0]
    if not model and query.get("intent") == ["transcription"]:
        return Admission("transcription", "")
    if not model and "call_id" in query:
        raise Rejection(
            4000,
            Refusal("call_not_found", "This simulator has no WebRTC or SIP calls."),
        )
    if not model:
        raise Rejection(
            4000,
            Refusal(
                "missing_model",
                "You must provide a model parameter, for example "
                "wss://api.openai.com/v1/realtime?model=gpt-realtime-1.5",
            ),
        )
    if model not in MODELS:
        name = quoted(model)[1:-1]
        raise Rejection(
            4000,
            Refusal(
                "invalid_model",
                f'Model "{name}" is not supported in realtime mode. Supported models '
                f"are: {', '.join(MODELS)}.",
            ),
        )
    return Admission("realtime", model)


DOORS: Mapping[str, Callable[[Query], Admission]] = {"/v1/realtime": _session}
"""Which paths open sessions, and what decides there which one; `Rejection` otherwise.

`voxpipe.simulator.opening` makes the machine that an `Admission` stands for.
"""
