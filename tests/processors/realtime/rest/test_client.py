"""The REST side: what is sent, judged by the official SDK, and what comes of it."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast

import httpx2
import pytest
from openai import OpenAI
from openai.types.realtime.call_accept_params import CallAcceptParams
from openai.types.realtime.client_secret_create_params import ClientSecretCreateParams
from pydantic import TypeAdapter

from voxpipe.processors.realtime import (
    ConfigurationError,
    SemanticVad,
    Service,
    Settings,
)
from voxpipe.processors.realtime.config import Prompt, Retention, RetirementWarning
from voxpipe.processors.realtime.rest import Rest, RestError, open_rest

KEY = "sk-of-the-test"
CALL = "rtc_u1_0123456789abcdef"
SECRET = {"value": "ek_abc", "expires_at": 1_800_000_000, "session": {"id": "sess_1"}}
OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"

Answering = Callable[[httpx2.Request], httpx2.Response]


class Line:
    """The service's side: keeps what it was asked, and answers as it was told."""

    def __init__(self, status: int = 200, **answer: Any) -> None:
        self.asked: list[httpx2.Request] = []
        self._status, self._answer = status, answer

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return httpx2.Response(self._status, **self._answer)

    @property
    def request(self) -> httpx2.Request:
        """The only one."""
        (request,) = self.asked
        return request

    @property
    def body(self) -> Any:
        """What the only one holds."""
        return json.loads(self.request.content)


@asynccontextmanager
async def asking(line: Answering, **where: Any) -> AsyncGenerator[Rest]:
    transport = httpx2.MockTransport(line)
    service = Service(api_key=KEY, **where)
    async with open_rest(service=service, transport=transport) as rest:
        yield rest


def sdk(line: Answering) -> OpenAI:
    """The official client, at the same service."""
    client = httpx2.Client(transport=httpx2.MockTransport(line))
    return OpenAI(api_key=KEY, http_client=client, max_retries=0)


def same(ours: httpx2.Request, theirs: httpx2.Request) -> bool:
    return (
        ours.method == theirs.method
        and ours.url == theirs.url
        and ours.headers["authorization"] == theirs.headers["authorization"]
        and json.loads(ours.content or b"{}") == json.loads(theirs.content or b"{}")
    )


SETTINGS = Settings(
    instructions="Be brief.",
    tools=[{"type": "function", "name": "look", "parameters": {}}],
    tool_choice="look",
    reasoning="low",
    turn_detection=SemanticVad(),
    voice="marin",
    truncation=Retention(ratio=0.8),
)


async def test_a_call_is_accepted_with_the_settings_of_a_session() -> None:
    line = Line()
    async with asking(line) as rest:
        await rest.accept(CALL, SETTINGS)
    assert line.request.url == f"https://api.openai.com/v1/realtime/calls/{CALL}/accept"
    assert line.request.headers["authorization"] == f"Bearer {KEY}"
    TypeAdapter(CallAcceptParams).validate_python(line.body)
    expected: dict[str, Any] = {"model": SETTINGS.model, **SETTINGS.to_wire()}
    # The telephone's own format is negotiated between the two ends.
    del expected["audio"]["input"]["format"], expected["audio"]["output"]["format"]
    assert line.body == expected


async def test_calls_are_rejected_referred_and_hung_up_as_the_sdk_does() -> None:
    ours, theirs = Line(), Line()
    async with asking(ours) as rest:
        await rest.reject(CALL)
        await rest.reject(CALL, 486)
        await rest.refer(CALL, "tel:+493012345")
        await rest.hang_up(CALL)
    calls = sdk(theirs).realtime.calls
    calls.reject(CALL, status_code=603)
    calls.reject(CALL, status_code=486)
    calls.refer(CALL, target_uri="tel:+493012345")
    calls.hangup(CALL)
    assert all(map(same, ours.asked, theirs.asked))
    assert len(ours.asked) == len(theirs.asked) == 4


async def test_a_client_secret_is_made_as_the_sdk_makes_it_and_is_not_shown() -> None:
    ours, theirs = Line(json=SECRET), Line(json=SECRET)
    async with asking(ours) as rest:
        secret = await rest.client_secret(SETTINGS, seconds=60)
    body = cast("dict[str, Any]", ours.body)
    params = TypeAdapter(ClientSecretCreateParams).validate_python(body)
    sdk(theirs).realtime.client_secrets.create(**params)
    assert same(ours.request, theirs.request)
    assert body["session"]["audio"]["input"]["format"]["type"] == "audio/pcm"
    assert secret.value.get_secret_value() == "ek_abc"
    assert secret.expires_at == 1_800_000_000
    assert "ek_abc" not in repr(secret) + str(secret)


async def test_a_client_secret_without_settings_leaves_the_session_open() -> None:
    line = Line(json=SECRET)
    async with asking(line) as rest:
        await rest.client_secret()
    anchor = {"anchor": "created_at", "seconds": 600}
    assert line.body == {"expires_after": anchor}


async def test_a_translation_secret_is_made_as_the_sdk_makes_it() -> None:
    ours, theirs = Line(json=SECRET), Line(json=SECRET)
    async with asking(ours) as rest:
        await rest.translation_secret("de", transcription="gpt-realtime-whisper")
    sdk(theirs).realtime.translations.client_secrets.create(**ours.body)
    assert same(ours.request, theirs.request)
    assert ours.body["session"]["audio"]["output"] == {"language": "de"}


@pytest.mark.parametrize("seconds", [9, 7_201, -1, True, float("nan")])
async def test_a_secret_lives_for_ten_seconds_to_two_hours(seconds: Any) -> None:
    line = Line(json=SECRET)
    async with asking(line) as rest:
        with pytest.raises(ConfigurationError, match="10 to 7200"):
            await rest.client_secret(seconds=seconds)
    assert not line.asked


async def test_an_offer_is_answered_and_the_call_named() -> None:
    where = {"location": f"/v1/realtime/calls/{CALL}"}
    line = Line(201, content=b"v=0\r\nanswer", headers=where)
    async with asking(line) as rest:
        answer = await rest.answer(OFFER, SETTINGS)
    assert (answer.sdp, answer.call_id) == ("v=0\r\nanswer", CALL)
    kind = f"Content-Type: {line.request.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(kind + line.request.content)
    parts = {
        part.get_param("name", header="content-disposition"): part
        for part in form.iter_parts()
    }
    assert parts["sdp"].get_content_type() == "application/sdp"
    session = json.loads(cast("bytes", parts["session"].get_payload(decode=True)))
    assert session["type"] == "realtime"
    assert "format" not in session["audio"]["input"]


async def test_an_offer_goes_as_it_is_with_a_client_secret() -> None:
    where = {"location": f"/v1/realtime/calls/{CALL}"}
    line = Line(201, content=b"v=0", headers=where)
    async with asking(line) as rest:
        await rest.answer(OFFER)
    assert line.request.content == OFFER.encode()
    assert line.request.headers["content-type"] == "application/sdp"


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("accept", ("../secrets",), "rtc_"),
        ("hang_up", ("",), "rtc_"),
        ("hang_up", ("rtc_1\r\nx: y",), "rtc_"),
        ("reject", (CALL, 200), "400 to 699"),
        ("refer", (CALL, "+4930123"), "tel:"),
        ("refer", (CALL, "tel:+49\r\n"), "tel:"),
        ("answer", ("",), "an offer is an SDP"),
        ("accept", (CALL, Settings(extra={"x": {1}})), "JSON"),
    ],
)
async def test_what_cannot_be_is_refused_before_it_is_sent(
    name: str, arguments: tuple[Any, ...], expected: str
) -> None:
    line = Line()
    async with asking(line) as rest:
        with pytest.raises(ConfigurationError, match=expected):
            await getattr(rest, name)(*arguments)
    assert not line.asked


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"value": ""}', b"nonsense"])
async def test_a_secret_that_is_none_is_an_error_that_does_not_quote_it(
    answer: bytes,
) -> None:
    async with asking(Line(content=answer)) as rest:
        with pytest.raises(RestError, match="something else") as caught:
            await rest.client_secret()
    assert caught.value.__context__ is None


async def test_a_call_that_nobody_names_is_an_error() -> None:
    async with asking(Line(201, content=b"v=0")) as rest:
        with pytest.raises(RestError, match="did not name the call"):
            await rest.answer(OFFER)


async def test_a_plain_connection_is_for_this_machine_only() -> None:
    with pytest.raises(ConfigurationError, match="in the clear"):
        async with open_rest(
            service=Service(api_key=KEY, base_url="http://example.com/v1")
        ):
            pass


async def test_a_region_has_its_own_host() -> None:
    line = Line()
    async with asking(line, region="eu") as rest:
        await rest.hang_up(CALL)
    assert line.request.url.host == "eu.api.openai.com"


async def test_azure_is_asked_at_its_own_path_with_its_own_header() -> None:
    line = Line()
    base = "https://mine.openai.azure.com/openai/v1"
    async with asking(line, base_url=base) as rest:
        await rest.hang_up(CALL)
    assert line.request.url == f"{base}/realtime/calls/{CALL}/hangup"
    assert line.request.headers["api-key"] == KEY
    assert "authorization" not in line.request.headers


async def test_what_it_needs_is_named_when_it_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(ImportError, match=r"pip install 'voxpipe\[rest\]'"):
        async with open_rest(service=Service(api_key=KEY)):
            pass


async def test_a_model_that_ends_is_warned_of_where_the_program_asks_for_it() -> None:
    old = Settings(model="gpt-realtime-mini", transcription=None)
    async with asking(Line()) as rest:
        with pytest.warns(RetirementWarning, match="2027-01-20") as caught:
            await rest.accept(CALL, old)
        with pytest.warns(RetirementWarning, match="2026-11-30"):
            await rest.accept(CALL, Settings(prompt=Prompt(id="pmpt_1")))
    assert [warning.filename for warning in caught] == [__file__]
    azure = "https://mine.openai.azure.com/openai/v1"
    async with asking(Line(), base_url=azure) as rest:
        await rest.accept(CALL, old)
