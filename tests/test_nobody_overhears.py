"""A call in which everything goes wrong that can, and whose words nobody reads.

`test_canaries.py` looks at a call that goes well. Here services, tools and apps fail,
and quote the caller and the key as they do: in none of it does a log tell of either.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress

import anyio
import pytest
from pydantic import SecretStr

from voxpipe.pipeline import Fault, Pipeline
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.processors.realtime import Realtime, Reconnected, Service, open_session
from voxpipe.processors.tools import ToolRouter
from voxpipe.simulator import CallTool, Line, Script, simulated
from voxpipe.simulator.script.faults import (
    Close,
    Expired,
    HalfOpen,
    Malformed,
    RateLimited,
    Reset,
    ScriptFault,
)
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.testing import answered

from .test_canaries import (
    KEY,
    NUMBER,
    TELLTALES,
    VOICE,
    WORDS,
    fails,
    leaking,
    speech,
)

QUOTED = f'{{"type":"error","error":{{"message":"{KEY} said {WORDS}"}}}}'
FAULTS: dict[str, tuple[ScriptFault, ...]] = {
    "the session is reset": (Reset(at="response.done", after=1, sessions=1),),
    "it is closed, and why quotes": (
        Close(at="response.done", reason=f"{KEY} {WORDS}", sessions=1),
    ),
    "it is closed for good": (Close(at="response.created", code=1008, reason=WORDS),),
    "its hour is over": (Expired(at="response.done", sessions=1),),
    "it falls silent": (HalfOpen(at="response.done", sessions=1),),
    "its errors quote": (Malformed(at="response.output_audio.delta", text=QUOTED),),
    "what it sends is none": (Malformed(at="response.done", text=f"{{{WORDS}"),),
    "no event is known": (
        Malformed(at="response.done", text=f'{{"type":"{WORDS}","x":"{KEY}"}}'),
    ),
    "no tokens are left": (RateLimited(after=1, times=3),),
}


class AppError(Exception):
    """Of an app that puts into its errors what it should not."""


async def converse(faults: Sequence[ScriptFault], looked_at: list[object]) -> None:
    script = Script(
        replies=[
            Line(
                heard=f"I am {WORDS}.",
                say=f"Hello {WORDS}.",
                calls=[CallTool(name="fails", arguments={"to": WORDS})],
            ),
            Line(say=f"It has failed, {WORDS}."),
        ],
        faults=list(faults),
        goes_on=True,
    )

    async def answer(call: Call) -> None:
        tools, probe = ToolRouter([fails]), Probe()
        async with open_session(
            instructions=f"Mind {WORDS}.",
            audio=call.format,
            tools=tools.schemas,
            service=Service(api_key=SecretStr(KEY)),
            connect=simulated(script, VOICE),
        ) as session:
            model = Realtime(session)
            model.say(f"Welcome, {WORDS}.")
            boxes = (call, model, tools)
            try:
                await Pipeline(
                    call.heard >> model.hears,
                    model.says >> call.speaks,
                    model.calls >> tools.calls,
                    tools.results >> model.results,
                    model.reconnected >> probe.input,
                    *(each.faults >> probe.input for each in boxes),
                ).run()
            except Exception as error:
                looked_at.append(error)
                raise
            finally:
                looked_at.extend([*boxes, *probe.frames])
        raise AppError(f"{KEY}: {WORDS} of {NUMBER} has hung up")

    board = Switchboard(answer)
    async with answered(
        board.run, caller=f"+1{NUMBER}", called=f"+1{NUMBER}"
    ) as caller:
        with anyio.move_on_after(60), suppress(anyio.EndOfStream, TimeoutError):
            await caller.listen()
            await caller.say(speech("I am here."))
            await caller.listen()
            await caller.say(speech("And now?"))
            await anyio.sleep(40)  # virtual


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_is_told_without_the_words_and_the_key(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    looked_at: list[object] = []
    run_virtual(converse, FAULTS[fault], looked_at)
    assert "end=" in caplog.text
    assert not [told for told in TELLTALES if told in caplog.text]
    assert any(isinstance(each, Fault | Reconnected | Exception) for each in looked_at)
    assert not leaking(looked_at)


@pytest.mark.parametrize("telltale", TELLTALES)
def test_a_log_that_tells_it_is_found(
    telltale: str, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("voxpipe").warning("it was %s", telltale)
    assert [told for told in TELLTALES if told in caplog.text]
    assert leaking([ValueError(telltale)])
