"""Forms from outside: bounded in size, fields and time, and parsed strictly."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from anyio import current_time, sleep_forever
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.asgi import Message
from voxpipe.transports.telephony.carrier.request import read_request
from voxpipe.transports.telephony.forms import (
    MAX_BODY,
    MAX_FIELDS,
    BadRequest,
    Form,
    form_of,
    parse_form,
)

from ...processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)
from .asgi_driver import FORM, scope_of


async def read(
    *pieces: bytes, method: str = "POST", path: str = "/", **headers: str
) -> Form:
    headers = {"content_type": FORM} | headers
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    messages.append({"type": "http.request"})

    async def receive() -> Message:
        return messages.pop(0)

    request = await read_request(
        scope_of("http", path, named, method=method), receive, ""
    )
    return request.form()


async def refused(*pieces: bytes, **options: Any) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        await read(*pieces, **options)
    assert caught.value.__context__ is None  # which would know the body
    return caught.value


async def test_a_form_comes_in_pieces_and_keeps_its_order() -> None:
    form = await read(b"From=%2B1555", b"0100&To=&Fr", b"om=a+b")
    assert form == [("From", "+15550100"), ("To", ""), ("From", "a b")]


async def test_a_get_has_its_form_in_the_query() -> None:
    assert await read(method="GET", path="/?a=1&b=%C3%A9") == [("a", "1"), ("b", "é")]


async def test_no_body_is_an_empty_form() -> None:
    assert await read() == []


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded; charset=UTF-8", FORM.upper()]
)
async def test_the_type_of_a_form_may_be_written_otherwise(kind: str) -> None:
    assert await read(b"a=1", content_type=kind) == [("a", "1")]


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data", "", "text"]
)
def test_another_type_is_refused(kind: str) -> None:
    named = {"Content-Type": kind}
    with pytest.raises(BadRequest) as caught:
        form_of(scope_of("http", "/", named, method="POST"), b"a=1")
    assert caught.value.status == 415


async def sleep_forever_() -> Message:
    await sleep_forever()
    raise AssertionError


@pytest.mark.parametrize(
    "body",
    [b"a", b"a=1&b", b"a=1&&b=2", b"&", b"a=%FF", b"a=\xff", "a=é".encode(), b"\0"],
)
async def test_what_is_no_form_is_refused(body: bytes) -> None:
    error = await refused(body)
    assert error.status == 400
    assert body.decode("latin-1") not in str(error) or body in (b"a", b"&")


async def test_a_form_has_so_many_fields_at_most() -> None:
    most = b"&".join(b"a=1" for _ in range(MAX_FIELDS))
    assert len(await read(most)) == MAX_FIELDS
    assert (await refused(most + b"&a=1")).status == 400
    assert (await refused(b"&" * 60_000)).status == 400


async def test_a_body_has_so_many_bytes_at_most() -> None:
    body = b"a=" + b"1" * (MAX_BODY - 2)
    assert len((await read(body))[0][1]) == MAX_BODY - 2
    assert (await refused(body, b"1")).status == 413


async def test_a_body_that_announces_too_much_is_not_waited_for() -> None:
    for length in (str(MAX_BODY + 1), "9" * 5_000):
        error = await refused(content_length=length)
        assert error.status == 413


async def test_a_body_that_never_ends_is_not_kept() -> None:
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"1" * 1_000, "more_body": True}

    scope = scope_of("http", "/", {"Content-Type": FORM}, method="POST")
    with pytest.raises(BadRequest) as caught:
        await read_request(scope, receive, "")
    assert caught.value.status == 413
    assert taken == MAX_BODY // 1_000 + 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_body_that_does_not_come_is_waited_for_no_longer_than_5_s(
    backend: Backend,
) -> None:
    async def scene() -> None:
        began = current_time()
        scope = scope_of("http", "/", {"Content-Type": FORM}, method="POST")
        with pytest.raises(BadRequest) as caught:
            await read_request(scope, sleep_forever_, "")
        assert caught.value.status == 408
        assert current_time() - began == pytest.approx(5.0)

    run_virtually(backend, scene)


async def test_a_client_that_goes_away_has_sent_no_form() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = scope_of("http", "/", {"Content-Type": FORM}, method="POST")
    with pytest.raises(BadRequest) as caught:
        await read_request(scope, receive, "")
    assert caught.value.status == 400


texts = st.text(st.characters(codec="utf-8"), max_size=30)


@given(st.lists(st.tuples(texts, texts), max_size=50))
def test_every_form_is_read_as_it_was_written(fields: Form) -> None:
    assert parse_form(urlencode(fields).encode()) == fields


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_form_or_refused(body: bytes) -> None:
    with suppress(BadRequest):
        assert all(len(field) == 2 for field in parse_form(body))
