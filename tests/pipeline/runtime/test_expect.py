"""What a box needs later is looked at when it is made, and told by its type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from voxpipe import tool
from voxpipe.pipeline import AudioFormat, Playout
from voxpipe.pipeline.testing import Source
from voxpipe.processors.mcp import StdioServer
from voxpipe.processors.realtime.hosted_mcp import Approvals, VoiceApprovals
from voxpipe.processors.realtime.money import Budget
from voxpipe.processors.tools import Policy, ToolRouter
from voxpipe.processors.vad import Vad
from voxpipe.transports import MemoryPhone, StreamPhone
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.sip import SipEndpoint
from voxpipe.transports.telephony.twilio import TwilioEndpoints

PCM = AudioFormat("pcm16", 8_000)
SECRET = "whsec_c29tZXRoaW5nIHRoYXQgaXMgbG9uZyBlbm91Z2g="


async def answer(_: object) -> bool:
    return True


@tool
async def look() -> str:
    """Look."""
    return ""


MAKES: list[tuple[Callable[[Any], object], str]] = [
    (lambda given: StreamPhone(given, PCM), "stream is an open byte stream of anyio"),
    (lambda given: Playout(given, answer), "sink is the box's PlayoutInput"),
    (
        lambda given: Playout(MemoryPhone(PCM).speaks, given),
        "write is an async function that takes a frame",
    ),
    (Source, "frames is a list of frames"),
    (lambda given: Vad(barge_in=given), "barge_in is a BargeIn"),
    (lambda given: ToolRouter([look], filler=given), "filler is a Filler"),
    (lambda given: Policy(filler=given), "filler is a Filler"),
    (lambda given: Budget(usd=1, price=given), "price is a Price"),
    (lambda given: Approvals(given), "ask is an async function"),
    (lambda given: VoiceApprovals(given), "model is the Realtime of the call"),
    (StdioServer, "command is the name of a program"),
    (Switchboard, "answer is an async function that takes a call"),
    (lambda given: SipEndpoint(given, SECRET), "answer is an async function that"),
    (lambda given: TwilioEndpoints(given), "switchboard is a Switchboard"),
    (lambda given: Server(given), "app is an ASGI application"),
]
OPTIONAL = {"barge_in", "filler", "price"}


@pytest.mark.parametrize(("make", "told"), MAKES, ids=[told for _, told in MAKES])
@pytest.mark.parametrize("given", [None, 7, object()], ids=["None", "7", "object"])
def test_what_cannot_be_used_is_refused_when_it_is_given(
    make: Callable[[Any], object], told: str, given: object
) -> None:
    if given is None and told.split()[0] in OPTIONAL:
        make(given)
        return
    with pytest.raises(Exception, match=f"^{re.escape(told)}") as caught:
        make(given)
    assert str(caught.value).endswith(f", not {type(given).__name__}")


def test_a_stream_that_nobody_waited_for_is_told_as_that() -> None:
    connecting: Any = anyio.connect_tcp("127.0.0.1", 1)
    with pytest.raises(Exception, match=r"not coroutine$"):
        StreamPhone(connecting, PCM)
    connecting.close()


def test_words_instead_of_a_filler_are_told_where_they_go() -> None:
    words: Any = "One moment."
    with pytest.raises(Exception, match=r'Filler\("One moment\."\), not str$'):
        tool(filler=words)(answer)


def test_a_patience_that_is_none_is_refused() -> None:
    others: list[Any] = [0, -1, float("nan"), None, "60"]
    for patience in others:
        with pytest.raises(Exception, match="patience is seconds, more than 0"):
            Approvals(answer, patience=patience)
