"""Whatever is asked over REST is answered: with JSON, and never with a failure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.simulator import Script, ToneVoice
from voxpipe.simulator.net.keys import Keys
from voxpipe.simulator.net.messages import HttpError, HttpRequest
from voxpipe.simulator.net.session_requests import in_line
from voxpipe.simulator.router import Router
from voxpipe.simulator.voices.speech import CachedVoice

PATHS = (
    "/v1/realtime/client_secrets",
    "/v1/realtime/translations/client_secrets",
    "/v1/realtime/calls",
    "/v1/realtime/calls/CALL/accept",
    "/v1/realtime/calls/CALL/reject",
    "/v1/realtime/calls/CALL/refer",
    "/v1/realtime/calls/CALL/hangup",
    "/v1/responses",
)
WORDS = (
    "type", "realtime", "transcription", "translation", "model", "gpt-realtime",
    "gpt-realtime-translate", "session", "expires_after", "anchor", "created_at",
    "seconds", "audio", "input", "output", "format", "audio/pcmu", "turn_detection",
    "server_vad", "tools", "function", "name", "instructions", "status_code",
    "target_uri", "tel:+1", "language", "messages", "content", "text", "role", "user",
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 8000), st.floats(), st.sampled_from(WORDS)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(st.sampled_from(WORDS), JSON, max_size=6)
    .map(json.dumps)
    .map(str.encode),
)
TYPES = st.sampled_from(
    (
        "application/json",
        "application/sdp",
        "multipart/form-data; boundary=b",
        "",
        "é;;",
    )
)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(PATHS), TYPES, BODIES), max_size=6))
def test_every_request_has_an_answer(asked: list[tuple[str, str, bytes]]) -> None:
    async def ask() -> None:
        async with anyio.create_task_group() as tasks:
            keys = Keys(lambda key: True, lambda: datetime.now(UTC).timestamp())
            speak = in_line(CachedVoice(ToneVoice()))
            router = Router(Script(), keys, speak, tasks, 3600)
            call = router.calls.ring("sip")
            for path, type, body in asked:
                headers = {"content-type": type, "Authorization": "Bearer sk-test"}
                request = HttpRequest(
                    method="POST",
                    target=path.replace("CALL", call.id),
                    headers=headers,
                    body=body,
                )
                try:
                    answer = await router.routes.answer(request)
                except HttpError as denied:
                    answer = denied.response
                assert answer.status in (200, 201, 400, 404)
                if answer.body and answer.type == "application/json":
                    json.loads(answer.body, parse_constant=_fail)
            router.calls.end_all()
            tasks.cancel_scope.cancel()

    anyio.run(ask)


def _fail(constant: Any) -> Any:
    raise AssertionError(f"{constant} is no JSON")
