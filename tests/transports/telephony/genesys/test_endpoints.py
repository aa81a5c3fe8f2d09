"""What opens a session of Genesys': its signature, once; nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from anyio import EndOfStream

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.carrier.endpoints import CarrierEndpoints
from voxpipe.transports.telephony.genesys import Genesys

from ..asgi_driver import request, upgraded
from .hook import CONVERSATION, ORGANIZATION, SESSION, opening
from .signing import API_KEY, CLIENT_SECRET, upgrade

PUBLIC = "https://calls.example.com"
InTime = Callable[[Callable[[], Any]], Any]


def endpoints(calls: list[Call]) -> CarrierEndpoints:
    async def app(call: Call) -> None:
        calls.append(call)

    return CarrierEndpoints(
        Switchboard(app), [Genesys(API_KEY, CLIENT_SECRET)], public_url=PUBLIC
    )


async def opened(
    app: CarrierEndpoints, headers: dict[str, str], first: str = opening()
) -> int:
    """The status of an upgrade; 101 where a call is opened, or how it is closed."""
    async with upgraded(app, "/genesys", headers) as line:
        if not await line.opened():
            return line.response.status
        await line.send(first)
        with suppress(EndOfStream):
            assert json.loads(await line.receive())["type"] == "opened"
        return line.close_code or 101


def test_a_session_that_is_signed_is_a_call(in_time: InTime) -> None:
    calls: list[Call] = []
    assert in_time(lambda: opened(endpoints(calls), upgrade())) == 101
    assert [call.id for call in calls] == [CONVERSATION]


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "another"},
        {"secret": "AAAA"},
        {"path": "/genesys/other"},
        {"age": 60.0},
        {"age": -60.0},
    ],
)
def test_a_session_that_is_not_signed_reaches_nothing(
    in_time: InTime, changes: dict[str, Any]
) -> None:
    calls: list[Call] = []
    assert in_time(lambda: opened(endpoints(calls), upgrade(**changes))) == 403
    assert in_time(lambda: opened(endpoints(calls), {})) == 403
    assert calls == []


@pytest.mark.parametrize(
    "first",
    [
        opening(organizationId=SESSION),
        opening().replace(SESSION, ORGANIZATION),
    ],
)
def test_who_opens_another_session_than_was_signed_reaches_nothing(
    in_time: InTime, first: str
) -> None:
    calls: list[Call] = []
    assert in_time(lambda: opened(endpoints(calls), upgrade(), first)) == 1008
    assert calls == []


def test_what_opened_a_session_opens_no_other(in_time: InTime) -> None:
    calls: list[Call] = []
    app, headers = endpoints(calls), upgrade()

    async def twice() -> list[int]:
        return [await opened(app, headers), await opened(app, headers)]

    assert in_time(twice) == [101, 403]
    assert len(calls) == 1


def test_there_is_no_webhook(in_time: InTime) -> None:
    response = in_time(lambda: request(endpoints([]), "GET", "/genesys/answer"))
    assert response.status == 404


@pytest.mark.parametrize(
    "given", [("key", None), (None, "AAAA"), ("key", "é"), ("k", "A")]
)
def test_credentials_that_are_none_are_refused(given: tuple[Any, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Genesys(*given)
    assert not Genesys().is_known
