"""Whatever a stranger asks at a carrier's paths is refused in words; no app fails."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.carrier import CarrierEndpoints

from ..asgi_driver import FORM, request, upgraded
from ..testing.agents import parrot
from .table import LINES, PUBLIC

TOKEN, MARK = "x" * 43, "0" * 32
BEHIND = (
    "/answer",
    "",
    f"/{MARK}",
    f"/placed/{TOKEN}",
    f"/placed/{TOKEN}/status",
    "/é",
)
QUERIES = ("", "?uuid=1&uuid=2", "?CallSid=%ed%a0%80", "?%zz", "?" + "a=b&" * 300)
HEADERS = (
    "authorization",
    "signature",
    "signature-input",
    "x-api-key",
    "audiohook-session-id",
    "x-twilio-signature",
    "x-plivo-signature-v3",
    "x-plivo-signature-v3-nonce",
    "telnyx-signature-ed25519",
    "telnyx-timestamp",
)
VALUES = (
    "",
    "é" * 88,
    "A" * 88,
    "Bearer a.b.c",
    "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
    "Basic ====",
    "9" * 12,
    'sig1=("@authority");created=1',
    "sig1=:AAAA:",
)
BODIES = (b"", b"{}", b"[" * 5_000, b'{"uuid":"\\ud800"}', b"CallSid=CA1", b"\xff=%ff")


def endpoints() -> CarrierEndpoints:
    carriers = [each.known() for each in LINES.values()]
    board = Switchboard(parrot, apology=None)
    return CarrierEndpoints(board, carriers, public_url=PUBLIC)


@pytest.mark.parametrize(("name", "behind"), list(product(LINES, BEHIND)))
@settings(max_examples=20)  # for each of 36 paths
@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.sampled_from(QUERIES),
    st.dictionaries(st.sampled_from(HEADERS), st.sampled_from(VALUES)),
    st.sampled_from(BODIES),
    st.sampled_from([FORM, "application/json", ""]),
)
def test_a_stranger_is_refused_in_words(
    name: str,
    behind: str,
    method: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    kind: str,
) -> None:
    async def scene() -> None:
        app, path = endpoints(), f"/{name}{behind}{query}"
        response = await request(
            app, method, path, body, headers | {"content-type": kind}
        )
        assert 400 <= response.status < 500
        assert response.text
        async with upgraded(app, path, headers) as line:
            assert not await line.opened()
            assert line.response.status in (403, 404)
        assert len(app.switchboard.tickets) == 0

    run_virtual(scene)
