"""A key, a sentence and a number, sent along every path.

None is told to a log, an error or a `repr`, and no key is kept in a cassette.
"""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Dtmf,
    Pipeline,
    Text,
    ToolCall,
    ToolResult,
    ToolUpdate,
    Transcript,
)
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.processors.consent import CallerWords
from voxpipe.processors.mcp import HttpServer, StdioServer
from voxpipe.processors.realtime import Realtime, Service, Settings, open_session
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.realtime.hosted_mcp import (
    HostedMcp,
    McpApprovalRule,
    McpFilter,
    VoiceApprovals,
)
from voxpipe.processors.realtime.memory import exported
from voxpipe.processors.tools import ByVoice, Proposal, Refused, ToolRouter, tool
from voxpipe.simulator import (
    CallTool,
    Line,
    McpFailure,
    McpTool,
    McpTools,
    Script,
    ToneVoice,
    When,
    simulated,
)
from voxpipe.simulator.cassettes import recording
from voxpipe.simulator.cassettes.cassette import parse_cassette
from voxpipe.transports.telephony import App, Call, Switchboard
from voxpipe.transports.telephony.sip import SipEndpoint
from voxpipe.transports.telephony.sip.incoming import incoming
from voxpipe.transports.telephony.sip.webhook import sign, unwrap
from voxpipe.transports.telephony.testing import answered
from voxpipe.transports.telephony.tickets import Tickets
from voxpipe.transports.telephony.twilio import TwilioEndpoints

KEY = "canarykey0123456789"
WORDS = "canarywords"
NUMBER = "5550142"
TELLTALES = (KEY, WORDS, NUMBER)
PCM_24K, PCM_8K = AudioFormat("pcm16", 24_000), AudioFormat("pcm16", 8_000)
VOICE = ToneVoice()
HOSTED = HostedMcp(
    label="shop",
    url=f"https://shop.example/mcp?key={KEY}",
    authorization=SecretStr(KEY),
    headers={"X-Key": SecretStr(KEY)},
    require_approval=McpApprovalRule(never=McpFilter(names=["lost"])),
)
SCRIPT = Script(
    replies=[
        Line(
            heard=f"I am {WORDS}.",
            say=f"Hello {WORDS}, a moment please.",
            calls=[
                CallTool(name=name, arguments={"to": WORDS})
                for name in ("pay", "fails", "refused", "broken")
            ],
        ),
        Line(say=f"May I pay {WORDS}?"),
        Line(
            heard=f"Yes, {WORDS}.",
            calls=[
                CallTool(
                    name="answer_approval",
                    arguments={"request": "approval_1", "agreed": True},
                ),
                CallTool(name="refund", arguments={"to": WORDS}),
                CallTool(name="lost", arguments={"to": WORDS}),
            ],
        ),
        Line(say=f"That is {WORDS}."),
    ],
    when=[When(instructions="Ask the caller", say=f"May I refund {WORDS}?")],
    mcp=[
        McpTools(
            label="shop",
            tools=[
                McpTool(name="refund", gives=WORDS),
                McpTool(name="lost", fails=McpFailure(message=WORDS)),
            ],
        )
    ],
)


async def _refuses(proposal: Proposal) -> bool:
    raise Refused(WORDS)


async def _breaks(proposal: Proposal) -> bool:
    raise OSError(WORDS)


@tool(approval=ByVoice(f"May I pay {WORDS}?"))
async def pay(to: str) -> str:
    """Pay."""
    return WORDS


@tool
async def fails(to: str) -> str:
    """Fail."""
    raise ValueError(WORDS, to)


@tool(approval=_refuses)
async def refused(to: str) -> None:
    """Is refused."""


@tool(approval=_breaks)
async def broken(to: str) -> None:
    """Cannot be approved."""


def speech(words: str) -> AudioFrame:
    pcm = AudioFrame(data=VOICE.speak(words, "alloy", 1.0), format=PCM_24K)
    return AudioFrame(data=pcm.samples[::3].tobytes(), format=PCM_8K)


class Everything:
    """All that a program can hold of one call, and look at."""

    def __init__(self) -> None:
        self.objects: list[object] = []

    async def answer(self, call: Call, connect: Any) -> None:
        tools = ToolRouter([pay, fails, refused, broken], context=WORDS)
        service = Service(api_key=SecretStr(KEY))
        async with open_session(
            instructions=f"Mind {WORDS}.",
            audio=call.format,
            tools=tools.schemas,
            mcp=[HOSTED],
            service=service,
            connect=connect,
        ) as session:
            model, probe = Realtime(session), Probe()
            approvals = VoiceApprovals(model, patience=5.0)
            pipeline = Pipeline(
                call.heard >> model.hears,
                call.pressed >> tools.keys,
                model.says >> call.speaks,
                model.calls >> tools.calls,
                model.transcripts >> tools.words,
                tools.results >> model.results,
                model.mcp >> approvals.requests,
                model.transcripts >> approvals.words,
                approvals.decisions >> model.results,
                model.usage >> call.charges,
                *(
                    port >> probe.input
                    for port in (
                        call.heard,
                        call.pressed,
                        model.says,
                        model.calls,
                        model.transcripts,
                        model.writes,
                        model.interruptions,
                        model.usage,
                        model.mcp,
                        model.events,
                        tools.results,
                        approvals.decisions,
                        *(each.faults for each in (call, model, tools, approvals)),
                    )
                ),
            )
            reply = model.say(f"Welcome, {WORDS}.")
            model.inform(f"They are {WORDS}.")
            try:
                await pipeline.run()
            finally:
                self.objects += [
                    *probe.frames,
                    *(call, session, model, tools, approvals, pipeline, probe),
                    *(session.settings, model.settings, model.history, model.bill),
                    *model.history,
                    *(model.items, reply.turn, await reply.outcome(), service, connect),
                    *(exported(model.history), reply),
                ]


async def converse(app: App) -> None:
    """Speak, press a number, write nothing down."""
    async with answered(
        app, caller=f"+1{NUMBER}", called=f"+1{NUMBER}", parameters={"who": WORDS}
    ) as caller:
        await caller.listen()
        await caller.say(speech("I am here."))
        await caller.listen()
        caller.press(NUMBER)
        await anyio.sleep(8)  # virtual
        await caller.say(speech("Yes, me."))
        await caller.listen()
        await anyio.sleep(20)  # virtual


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that was logged, at whatever level."""
    caplog.set_level(logging.DEBUG)
    return lambda: caplog.text


def leaking(objects: Iterable[object]) -> list[str]:
    """The types of those whose `repr` or `str` tells anything."""
    return sorted(
        {
            f"{type(each).__name__} tells {told}"
            for each in objects
            for told in TELLTALES
            if told in repr(each) or told in str(each)
        }
    )


def test_no_log_and_no_repr_tells_anything_of_a_call(
    tmp_path: Path, logged: Callable[[], str]
) -> None:
    seen, path = Everything(), tmp_path / "call.jsonl"
    connect = recording(path, simulated(SCRIPT, VOICE))
    run_virtual(converse, partial(seen.answer, connect=connect))
    kinds = {type(each).__name__ for each in seen.objects}
    assert {"ToolCall", "ToolResult", "Transcript", "Dtmf", "McpApproval"} <= kinds
    assert {"McpCall", "McpDecision", "Usage", "Entry"} <= kinds
    assert not leaking(seen.objects)
    assert "fails raised ValueError" in logged()
    assert not [told for told in TELLTALES if told in logged()]
    cassette = path.read_text()
    assert KEY not in cassette
    assert WORDS in cassette  # which is what it is for


SHOWN: list[Callable[[], object]] = [
    lambda: Service(api_key=KEY),
    lambda: Service(api_key=SecretStr(KEY), base_url=f"https://a.example/{KEY}/v1"),
    lambda: HOSTED,
    lambda: Settings(instructions=WORDS, mcp=[HOSTED]),
    lambda: HttpServer(f"https://a.example/{KEY}", SecretStr(KEY), {"X": KEY}),
    lambda: StdioServer("server", KEY, env={"KEY": KEY}),
    lambda: SipEndpoint(_nobody, f"whsec_{b64encode(KEY.encode()).decode()}"),
    lambda: unwrap(*_webhook(KEY), now=9),
    lambda: incoming(unwrap(*_webhook(KEY), now=9)),
    lambda: TwilioEndpoints(
        Switchboard(_nobody), public_url="https://a.example", auth_token=KEY
    ),
    lambda: _ticket(),
    lambda: Address(f"wss://a.example/v1?model=m&key={KEY}", SecretStr(KEY)),
    lambda: Text(text=WORDS),
    lambda: Transcript(speaker="user", text=WORDS, played=WORDS),
    lambda: Dtmf(digit="7"),
    lambda: ToolCall(call_id="1", name="pay", arguments=WORDS),
    lambda: ToolResult(call_id="1", output=WORDS),
    lambda: ToolUpdate(call_id="1", kind="sentence", text=WORDS),
    lambda: Proposal("1", "pay", {"to": WORDS}),
    lambda: CallerWords(),
    lambda: recording("call.jsonl", simulated(SCRIPT)),
]
"""What programs hold that knows a secret, each as it is made."""


@pytest.mark.parametrize("make", SHOWN)
def test_what_is_looked_at_does_not_tell_what_it_knows(
    make: Callable[[], object],
) -> None:
    assert not leaking([make()])


REFUSED: list[Callable[[], object]] = [
    lambda: HostedMcp(label="shop", url=f"https://a:{KEY}@a.example"),
    lambda: HostedMcp(label="shop", url=f"http://a.example/{KEY}"),
    lambda: HostedMcp(label="shop", url=f"{KEY}"),
    lambda: HttpServer(f"http://a.example/{KEY}"),
    lambda: HttpServer(f"x:{KEY}"),
    lambda: _opened(Service(api_key=f"{KEY}\n{KEY}")),
    lambda: _opened(Service(api_key=KEY, base_url=f"https://a:{KEY}@a.example/v1")),
    lambda: _opened(Service(api_key=KEY, base_url=f"ftp://a.example/{KEY}")),
    lambda: _opened(Service(api_key=KEY, base_url=f"ws://127.0.0.1:9/{KEY}")),
    lambda: SipEndpoint(_nobody, f"whsec_{KEY}!"),
    lambda: unwrap(*_webhook(KEY), now=9_999),
    lambda: unwrap(b"{}", _webhook(KEY)[1], KEY, now=9),
    lambda: TwilioEndpoints(
        Switchboard(_nobody), public_url=f"https://a:{KEY}@a.example", auth_token=KEY
    ),
    lambda: TwilioEndpoints(Switchboard(_nobody), auth_token=KEY),
    lambda: pay.arguments(f'{{"to": ["{WORDS}"]}}'),
    lambda: parse_cassette([f'{{"voxpipe_cassette": 7, "{WORDS}": "{KEY}"}}']),
]
"""What is refused, or a mistake, with a secret in what was given."""


@pytest.mark.parametrize("make", REFUSED)
def test_an_error_does_not_tell_what_was_given(make: Callable[[], object]) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is
        make()
    assert not leaking([raised.value, *getattr(raised.value, "__notes__", ())])


async def _nobody(call: object) -> None:
    """No call is ever taken."""


def _webhook(key: str) -> tuple[bytes, dict[str, str], str]:
    headers = [{"name": "From", "value": f"sip:+1{NUMBER}@a.example"}]
    data = {"call_id": "rtc_1", "sip_headers": headers}
    body = json.dumps({"type": "realtime.call.incoming", "data": data}).encode()
    return body, sign(body, key, id="wh_1", sent_at=9), key


def _opened(service: Service) -> None:
    async def opened() -> None:
        async with open_session(service=service):
            pass

    anyio.run(opened)


def _ticket() -> object:
    async def made() -> object:
        tickets = Tickets()
        token = tickets.mint("CA1", caller=NUMBER, called=NUMBER)
        ticket = tickets.redeem(token, "CA1")
        assert token not in repr(ticket)
        return ticket

    return anyio.run(made)
