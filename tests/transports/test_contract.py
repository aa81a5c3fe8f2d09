"""Our transports, and those that we show, keep the promises of the contract."""

from __future__ import annotations

import re
from itertools import cycle, product
from pathlib import Path

import pytest

from voxpipe.transports.testing import Check, Make, check_transport, transport_checks

from ..matrix import mostly_slow
from ..processors.realtime.loops import BACKENDS, Backend, run_virtually
from ..test_readme import program, run
from .far_sides import (
    by_browser,
    by_carrier,
    by_json,
    by_json_over_tcp,
    by_messages,
    by_served,
    by_stream,
    by_tcp,
    in_memory,
)
from .rtp.far_side import by_rtp, by_sip
from .telephony.carriers.table import LINES, WIRES

ROOT = Path(__file__).parents[2]

IN_MEMORY: dict[str, Make] = {
    "MemoryPhone": in_memory,
    "StreamPhone": by_stream,
    "BrowserCall": by_browser,
    "RtpPhone": by_rtp,
    "the README's": by_messages(run(program("custom_transport"))["MessagePhone"]),
    "the example's": by_json,
}
# On a busy machine a packet is late, and a jitter buffer fills in for it.
HEARD_TO_THE_SAMPLE = {"heard_whole", "both_at_once", "rubbish", "apart"}
OVER_SOCKETS: dict[str, Make] = {
    "StreamPhone": by_tcp,
    "the example's": by_json_over_tcp,
}

OTHERS = ("telnyx", "plivo", "vonage-24k", "exotel-8k", "genesys")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("check", transport_checks(), ids=str)
@pytest.mark.parametrize("phone", IN_MEMORY)
def test_a_transport_keeps(phone: str, check: Check, backend: Backend) -> None:
    run_virtually(backend, check, IN_MEMORY[phone])


@pytest.mark.parametrize("phone", OVER_SOCKETS)
async def test_a_transport_keeps_them_over_sockets(phone: str) -> None:
    await check_transport(OVER_SOCKETS[phone])


# One format of each carrier; the loops in turn.
QUICK = list(zip(("twilio", *OTHERS), cycle(BACKENDS), strict=False))


@pytest.mark.parametrize(
    "on", mostly_slow(product(WIRES, BACKENDS), QUICK.__contains__), ids="-".join
)
def test_a_carriers_call_keeps_them_in_each_of_its_formats(
    on: tuple[str, Backend],
) -> None:
    wire, backend = on
    asked: set[str] = set()

    async def scene() -> None:
        verdicts = await check_transport(by_carrier(WIRES[wire]))
        asked.update(name for name, each in verdicts.items() if each == "kept")

    run_virtually(backend, scene)
    lacking = {"half_close"}  # a WebSocket has none
    if not WIRES[wire]().call.codec.has_marks:
        lacking.add("confirmed")
    assert asked == {check.name for check in transport_checks()} - lacking


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # on which our server runs
@pytest.mark.parametrize(
    "wire", ["twilio", *(pytest.param(each, marks=pytest.mark.slow) for each in OTHERS)]
)
async def test_a_served_call_keeps_them(wire: str) -> None:
    carrier = LINES[wire.partition("-")[0]].unknown()
    await check_transport(by_served(carrier, WIRES[wire]))


@pytest.mark.slow
@pytest.mark.parametrize("check", transport_checks(), ids=str)
async def test_a_call_over_sip_keeps_what_no_late_packet_spoils(
    check: Check,
) -> None:
    if str(check) not in HEARD_TO_THE_SAMPLE:  # proved in virtual time, see above
        await check(by_sip)


def test_the_page_shows_the_readmes_transport_and_the_names_of_all_checks() -> None:
    page = (ROOT / "docs" / "your_transport.md").read_text("utf-8")
    assert program("custom_transport") in page
    checklist = page.partition("## The checklist")[2]
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", checklist, re.M)
    assert rows == [(check.name, check.promise) for check in transport_checks()]
