"""Opening a session."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import sleep_forever

from voxpipe.pipeline import AudioFormat, FormatError, SessionLost, TransportError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.realtime import (
    ConfigurationError,
    ServerVad,
    Service,
    SessionRefused,
    open_session,
)

from .carried import Pair, scripted
from .loops import BACKENDS, Backend, run_virtually
from .server import SESSION, Json, Line, serving

KEY = "sk-canary-0123456789"


async def test_a_session_is_configured_before_anything_is_said() -> None:
    asked: list[Json] = []

    async def talk(line: Line) -> None:
        await line.accept()
        await line.send("session.created", session=SESSION)
        asked.append(await line.receive())
        await line.send("rate_limits.updated", rate_limits=[])
        await line.send("session.updated", session=asked[0]["session"])
        await line.gone()

    async with (
        no_leaks(),
        serving(talk) as url,
        open_session(
            service=Service(base_url=url, api_key=KEY),
            instructions="be kind",
            audio=AudioFormat("ulaw", 8_000),
            turn_detection=ServerVad(silence_ms=700),
            extra={"reasoning": {"effort": "low"}},
        ) as session,
    ):
        assert (session.id, session.expires_at) == ("sess_1", 2_000_000_000)
        assert session.settings.instructions == "be kind"
        assert KEY not in repr(session)
        assert "be kind" not in repr(session)
    (update,) = asked
    assert update["type"] == "session.update"
    assert update["session"] == session.settings.to_wire()
    assert update["session"]["reasoning"] == {"effort": "low"}


async def test_the_environment_says_where_and_with_which_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str | None] = []

    async def talk(line: Line) -> None:
        await line.ready()
        assert line.request is not None
        seen.append(line.request.headers.get("Authorization"))
        await line.gone()

    async with serving(talk) as url:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        async with open_session() as session:
            assert session.id == "sess_1"
    assert seen == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("invalid_api_key", "check OPENAI_API_KEY"),
        ("invalid_model", "this name is not a realtime model"),
        ("something_new", ""),
        (None, ""),
    ],
)
async def test_a_refusal_before_the_session_names_the_cure_and_no_secret(
    code: str | None, cure: str
) -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        error = {"type": "invalid_request_error", "code": code, "message": KEY}
        await line.send("error", error=error)
        await line.close(3000, f"invalid_request_error.{code}")

    async with no_leaks(), serving(talk) as url:
        with pytest.raises(SessionRefused) as caught:
            async with open_session(service=Service(base_url=url, api_key=KEY)):
                pass
    assert caught.value.code == (code or "invalid_request_error")
    assert cure in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "param", "told"),
    [
        (
            "unknown_parameter",
            "session.reasoning",
            r"\(session\.reasoning\): a field of",
        ),
        (
            "invalid_value",
            "session.audio.output.voice",
            r"voice\): it has alloy, ash, ",
        ),
        ("invalid_value", "session.audio.output.speed", r"\.speed\)$"),
    ],
)
async def test_a_refused_setting_is_named_with_the_cure(
    code: str, param: str, told: str
) -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await line.send("session.created", session=SESSION)
        await line.receive()
        error = {"code": code, "param": param}
        await line.send("error", error=error)
        await line.gone()

    async with no_leaks(), serving(talk) as url:
        with pytest.raises(SessionRefused, match=told) as caught:
            async with open_session(service=Service(base_url=url, api_key=KEY)):
                pass
    assert caught.value.param == param


async def accepts_only(line: Line) -> None:
    await line.accept()


async def creates_only(line: Line) -> None:
    await line.accept()
    await line.send("session.created", session=SESSION)
    await line.receive()


@pytest.mark.parametrize(
    ("talk", "waited"),
    [(accepts_only, "session.created"), (creates_only, "session.updated")],
)
async def test_a_service_that_goes_before_it_is_ready_is_a_lost_session(
    talk: Any, waited: str
) -> None:
    async with no_leaks(), serving(talk) as url:
        with pytest.raises(SessionLost, match=f"waiting for {waited}"):
            async with open_session(service=Service(base_url=url, api_key=KEY)):
                pass


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_service_that_is_never_ready_is_given_up(backend: Backend) -> None:
    async def talk(pair: Pair) -> None:
        await sleep_forever()

    async def scene() -> None:
        async with no_leaks(), scripted(talk) as (_, connect):
            with pytest.raises(TransportError, match="not get the session ready in 5"):
                async with open_session(service=Service(api_key=KEY), connect=connect):
                    pass

    run_virtually(backend, scene)


async def test_a_service_that_talks_nonsense_is_a_transport_error() -> None:
    async def talk(line: Line) -> None:
        await line.accept()
        await line.send_text("hello?")
        await line.gone()

    async with no_leaks(), serving(talk) as url:
        with pytest.raises(TransportError, match="expected a JSON event"):
            async with open_session(service=Service(base_url=url, api_key=KEY)):
                pass


async def test_what_can_be_known_before_is_refused_before() -> None:
    with pytest.raises(FormatError, match="put Resample"):
        async with open_session(
            service=Service(api_key=KEY), audio=AudioFormat("pcm16", 16_000)
        ):
            pass
    with pytest.raises(ConfigurationError, match="in the clear"):
        async with open_session(
            service=Service(api_key=KEY, base_url="http://example.com/v1")
        ):
            pass
    with pytest.raises(ConfigurationError, match="JSON cannot express"):
        async with open_session(
            service=Service(api_key=KEY), extra={"tools": {object()}}
        ):
            pass
    schema = {"properties": {"rate": {"default": float("nan")}}}
    told: list[dict[str, Any]] = [
        {"name": "clock"},
        {"name": "exchange", "parameters": schema},
    ]
    with pytest.raises(
        ConfigurationError,
        match=r"tools\.1 \(exchange\)\.parameters\.properties\.rate\.default: ",
    ):
        async with open_session(service=Service(api_key=KEY), tools=told):
            pass


async def test_an_error_in_the_conversation_closes_the_connection() -> None:
    async def talk(line: Line) -> None:
        await line.ready()
        await line.gone()

    async with no_leaks(), serving(talk) as url:
        with pytest.raises(ZeroDivisionError):
            async with open_session(service=Service(base_url=url, api_key=KEY)):
                raise ZeroDivisionError
