"""Who may open which session: what stands in the URL and the headers of the upgrade.

The service upgrades first and refuses then: an ``error`` event and a close frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from voxpipe.simulator.errors import Refusal, quoted, unknown
from voxpipe.simulator.protocol.session_config import AnyKind
from voxpipe.simulator.protocol.session_schema import MODELS, TRANSLATORS
from voxpipe.simulator.protocol.transcribers import TRANSCRIBERS

from .keys import Keys
from .messages import HttpRequest

Query = Mapping[str, list[str]]
SUBPROTOCOL = "realtime"
_BETA = "openai-beta.realtime-v1"  # as browsers, which set no headers, asked for it
_KEY_IN_SUBPROTOCOL = "openai-insecure-api-key."


class Admission(NamedTuple):
    """The session that a client may have.

    Attributes:
        call_id: of the call whose session it joins, instead of having one of its own.
        session: what a client secret brought along, to begin with.
    """

    kind: AnyKind
    model: str
    call_id: str = ""
    session: Mapping[str, Any] | None = None


def admit(request: HttpRequest, keys: Keys) -> Admission:
    """Decide about an upgrade at one of `SESSION_PATHS`, by the keys that are good.

    Raises:
        Refusal: the client is to be sent away.
    """
    offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    protocols = [each.strip() for each in offered]
    secret = keys.check(key_of(request.headers, protocols))
    for asks, asked in (
        ("realtime=v1" in request.headers.get("OpenAI-Beta", ""), "OpenAI-Beta header"),
        (_BETA in protocols, f"sub-protocol {_BETA}"),
    ):
        if asks:
            raise Refusal(
                "beta_api_shape_disabled",
                f"The Realtime Beta API is no longer available. Remove the {asked} "
                "and use the GA API.",
            )
    query = parse_qs(request.target.partition("?")[2])
    admitted = SESSION_PATHS[request.path]
    if secret is None or "call_id" in query:
        return admitted(query)
    brought = secret.session
    if brought["type"] == "transcription":
        query.setdefault("intent", ["transcription"])
    elif "model" in brought:
        query.setdefault("model", [brought["model"]])
    admission = admitted(query)
    # What a client asks for in the URL goes before what its secret brings along.
    fits = admission.kind == brought["type"]
    return admission._replace(session=brought) if fits else admission


def key_of(headers: Mapping[str, str], subprotocols: Iterable[str] = ()) -> str | None:
    """The API key that a client has given, if any; browsers offer it as a protocol."""
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
    if query.get("intent") == ["transcription"]:
        return _transcription(model)
    if "call_id" in query:  # the model is that of the call
        return Admission("realtime", "", query["call_id"][0])
    check_model("realtime", model)
    return Admission("realtime", model)


def _transcription(model: str) -> Admission:
    if not model:
        return Admission("transcription", "")
    # The service wants it in an update. Clients that take this for a gateway of
    # somebody else's (LiveKit's) put it in the URL, too.
    _check_known(model, tuple(TRANSCRIBERS), "realtime?intent=transcription")
    audio = {"input": {"transcription": {"model": model}}}
    return Admission(
        "transcription", "", session={"type": "transcription", "audio": audio}
    )


def _translation(query: Query) -> Admission:
    if "intent" in query:
        raise unknown("intent")
    model = query.get("model", [""])[0]
    check_model("translation", model)
    return Admission("translation", model)


def check_model(kind: AnyKind, model: str) -> None:
    """Refuse a model that the service does not have for this kind of session.

    Raises:
        Refusal: it is none of them.
    """
    if kind == "transcription":
        return  # it is named by the session's configuration
    known: tuple[str, ...] = MODELS
    example = "realtime?model=gpt-realtime-1.5"
    if kind == "translation":
        known = TRANSLATORS
        example = f"realtime/translations?model={TRANSLATORS[0]}"
    _check_known(model, known, example)


def _check_known(model: str, known: Sequence[str], example: str) -> None:
    if not model:
        raise Refusal(
            "missing_model",
            "You must provide a model parameter, for example "
            f"wss://api.openai.com/v1/{example}",
        )
    if model not in known:
        name = quoted(model)[1:-1]
        raise Refusal(
            "invalid_model",
            f'Model "{name}" is not supported in realtime mode. Supported models '
            f"are: {', '.join(known)}.",
        )


SESSION_PATHS: Mapping[str, Callable[[Query], Admission]] = {
    "/v1/realtime": _session,
    "/v1/realtime/translations": _translation,
}
"""Which paths open sessions, and what decides there which one; `Refusal` otherwise.

`voxpipe.simulator.machines` makes the machine that an `Admission` stands for.
"""
