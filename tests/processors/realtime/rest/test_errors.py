"""What goes wrong over REST, and that it says nothing it should not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
from anyio import sleep_forever

from voxpipe.processors.realtime import Service
from voxpipe.processors.realtime.rest import RestError, open_rest
from voxpipe.processors.realtime.rest.asking import LARGEST
from voxpipe.processors.realtime.rest.errors import refusal

KEY = "sk-of-the-test"


async def ask(transport: httpx2.AsyncBaseTransport, **options: Any) -> RestError:
    """Hang up, which fails; the error."""
    async with open_rest(
        service=Service(api_key=KEY), transport=transport, **options
    ) as rest:
        with pytest.raises(RestError) as caught:
            await rest.hang_up("rtc_1")
    return caught.value


def answered(status: int, **answer: Any) -> httpx2.MockTransport:
    return httpx2.MockTransport(lambda _: httpx2.Response(status, **answer))


def error(code: str | None, message: str = "of yours") -> dict[str, Any]:
    return {
        "error": {"code": code, "type": "invalid_request_error", "message": message}
    }


async def test_a_wrong_key_says_so_and_is_not_quoted() -> None:
    quoted = error("invalid_api_key", f"Incorrect API key provided: {KEY}")
    raised = await ask(answered(401, json=quoted))
    assert (raised.status, raised.code) == (401, "invalid_api_key")
    assert str(raised) == (
        "the service refused to hang up: HTTP 401 invalid_api_key: check the API key"
    )


@pytest.mark.parametrize(
    ("status", "code"), [(429, "slow_down"), (503, "server_is_overloaded")]
)
async def test_a_busy_service_says_when_to_come_again(status: int, code: str) -> None:
    headers = {"retry-after": "2"}
    raised = await ask(answered(status, json=error(code), headers=headers))
    assert (raised.status, raised.code, raised.retry_after) == (status, code, 2.0)
    assert "wait" in str(raised)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "999999"}, 3_600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:00 -0000"}, 0.0),
    ],
)
def test_waiting_is_said_in_several_ways(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert refusal("x", 429, headers, None).retry_after == seconds


def test_a_date_to_wait_for_is_counted_from_now() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(hours=9))
    assert refusal("x", 429, {"retry-after": then}, None).retry_after == 3_600.0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, ""),
        ([], ""),
        ({"error": "text"}, ""),
        (error("a b"), "invalid_request_error"),
        (error(None), "invalid_request_error"),
        (error("x" * 65), "invalid_request_error"),
    ],
)
def test_a_code_is_one_word_or_none(body: object, code: str) -> None:
    assert refusal("x", 400, {}, body).code == code


async def test_a_service_that_is_not_there_is_an_error_without_the_request() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no", request=request)

    raised = await ask(httpx2.MockTransport(refuse))
    assert "ConnectError" in str(raised)
    assert raised.status == 0
    assert raised.__context__ is None


async def test_a_service_that_does_not_answer_is_given_up() -> None:
    async def hang(request: httpx2.Request) -> httpx2.Response:
        await sleep_forever()
        raise AssertionError

    raised = await ask(httpx2.MockTransport(hang), timeout=0.05)
    assert "no answer within 0.05 s" in str(raised)


async def test_an_answer_without_end_is_not_read_to_it() -> None:
    raised = await ask(answered(200, content=bytes(LARGEST + 1)))
    assert "at most" in str(raised)


async def test_nobody_is_followed_elsewhere() -> None:
    elsewhere = {"location": "https://example.com/"}
    raised = await ask(answered(307, headers=elsewhere))
    assert raised.status == 307
