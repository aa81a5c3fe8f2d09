"""An app that answers a caller in memory: a phone agent, tested in milliseconds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from anyio import Event, create_task_group, current_time, move_on_after

from voxpipe.transports.telephony.carrier import CarrierCall
from voxpipe.transports.telephony.switchboard import App

from .caller import PATIENCE, Caller
from .leg import BadLine, Leg
from .lines import MemoryLine, memory_lines
from .twilio_words import TwilioWords
from .words import Words

RETURN_TIMEOUT = 30.0  # seconds that an app may take to return when its caller is gone


@asynccontextmanager
async def answered(
    app: App,
    *,
    carrier: Words | None = None,
    caller: str = "+15550100",
    called: str = "+15550199",
    parameters: Mapping[str, str] | None = None,
    line: BadLine | None = None,
    patience: float = PATIENCE,
) -> AsyncGenerator[Caller]:
    """Call ``app``, without any socket, over the same wire as a carrier's::

        async with answered(app) as caller:
            await caller.say(speech)
            reply = await caller.listen()

    Under trio's autojump clock (`voxpipe.pipeline.testing`) that takes no longer than
    the work in it. At the end of the block the caller hangs up, and the app has half a
    minute to return.

    Args:
        app: called once, with the call.
        carrier: whose wire it is, such as ``TelnyxWords()``; Twilio's, unless given.
        caller: who calls.
        called: the number that they call.
        parameters: what a webhook would have passed on.
        line: what goes wrong.
        patience: seconds of silence after which `Caller.wait_closed` waits no more.

    Raises:
        Exception: whatever the app raised, as it was.
        TimeoutError: it did not return, or never ended the call that the caller waited
            to be ended.
    """
    ours, theirs = memory_lines()
    words = carrier or TwilioWords()
    leg = Leg(current_time(), words, parameters=parameters, line=line)
    async with (
        answering(app, words.call, theirs, (caller, called)),
        Caller(leg, ours, patience=patience) as person,
    ):
        yield person


@asynccontextmanager
async def answering(
    app: App, accepts: type[CarrierCall], line: MemoryLine, numbers: tuple[str, str]
) -> AsyncGenerator[None]:
    """The other end: accepts, and runs the app until it returns.

    Args:
        app: called once, with the call.
        accepts: whose calls they are.
        line: the app's end.
        numbers: who calls, and whom.

    Raises:
        Exception: as `answered`.
    """
    failed = list[Exception]()  # the app; what the block raises may follow from that
    raised = list[Exception]()
    returned = Event()

    async def answer() -> None:
        try:
            async with accepts.accept(line) as call:
                call.caller, call.called = numbers
                await app(call)
        except Exception as error:  # noqa: BLE001  # it is raised below
            failed.append(error)
        finally:
            returned.set()
            await line.abort()

    async with create_task_group() as tasks:
        tasks.start_soon(answer)
        try:
            yield
        except Exception as error:  # noqa: BLE001  # likewise
            raised.append(error)
        with move_on_after(RETURN_TIMEOUT):
            await returned.wait()
        if not returned.is_set():
            failed.append(
                TimeoutError(
                    f"the app had not returned {RETURN_TIMEOUT:g} s after the caller "
                    "was gone"
                )
            )
            tasks.cancel_scope.cancel()
    for each in failed + raised:
        raise each
