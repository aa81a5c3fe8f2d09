"""An outbound campaign: calls at a bounded rate, and a table of what came of them.

A person is reminded of a visit and may confirm it; a machine gets a message after the
beep, and a fax is hung up on. The program serves the webhook and the streams itself:

    TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=… OPENAI_API_KEY=… \
    PUBLIC_URL=https://calls.example.com python examples/outbound_campaign.py

The test below has a fake Twilio call seven people at once, over real HTTP on this
machine: `pytest examples/outbound_campaign.py`. Needs `pip install 'voxpipe[rest]'`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import anyio

from voxpipe.pipeline import AudioFormat, AudioFrame, Filter, Pipeline
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script, ToneVoice, simulated
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, NotReached, PlacedCall, Switchboard
from voxpipe.transports.telephony.outbound import PlacingError, TooManyRequests
from voxpipe.transports.telephony.testing import (
    Callee,
    Caller,
    FakeTwilioRest,
    Refusing,
)
from voxpipe.transports.telephony.twilio import (
    TwilioEndpoints,
    TwilioRest,
    open_twilio,
)

AT_ONCE = 3  # calls; how many your account may place, and your staff can take up
Results = dict[str, str]  # by number


class Ears(Filter[AudioFrame]):
    """Closed until it is known who speaks: no model is to answer a machine's greeting.

    The pipeline runs meanwhile, for who does not read a stream is hung up on.
    """

    open = False

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        """Let it pass, or not."""
        return (frame,) if self.open else ()


async def remind(results: Results, call: Call, **session_options: Any) -> None:
    """One call, whoever has picked up."""
    ears = Ears()

    @tool(reply="if_silent")
    async def confirm() -> str:
        """Note that they will come, and end the call."""
        results[call.called] = "confirmed"
        call.hang_up()  # after the last word was heard
        return "noted"

    async def begin(placed: PlacedCall, model: Realtime) -> None:
        name = call.parameters["name"]
        who = await placed.detected()  # a human is known in some seconds
        if who == "fax":
            results[call.called] = "fax"
            call.hang_up()
        elif who == "machine":
            await placed.greeting_over()  # mostly with a beep
            results[call.called] = "left a message"
            model.say(f"A message for {name}: please remember your visit tomorrow.")
            call.hang_up()  # when it was said; nobody is listened to
        else:
            results[call.called] = "talked"
            model.say(f"Good morning {name}, will you come to your visit tomorrow?")
            ears.open = True

    tools = ToolRouter([confirm])
    assert call.placed is not None
    async with (
        open_session(
            instructions="You remind people of their visit to the dentist. Be brief.",
            audio=call.format,
            tools=tools.schemas,
            **session_options,
        ) as session,
        anyio.create_task_group() as tasks,
    ):
        model = Realtime(session)
        pipeline = Pipeline(
            call.heard >> ears >> model.hears,
            model.says >> call.speaks,
            model.calls >> tools.calls,
            tools.results >> model.results,
        )
        tasks.start_soon(begin, call.placed, model)
        await pipeline.run()
        tasks.cancel_scope.cancel()


async def campaign(
    twilio: TwilioRest,
    people: Sequence[tuple[str, str]],
    from_: str,
    results: Results,
    *,
    every: float = 1.0,
) -> None:
    """Call everybody, no more than so many at once.

    Args:
        twilio: places the calls.
        people: names and numbers.
        from_: a number of ours.
        results: where the app writes down what came of each call.
        every: seconds from one order to the next; Twilio rings no faster at first.
    """
    free = anyio.Semaphore(AT_ONCE)

    async def one(name: str, number: str) -> None:
        try:
            placed = await ordered(twilio, number, from_, name)
            await placed.over()  # the app has written down what came of it
        except NotReached as error:
            results[number] = error.why  # busy, no-answer, failed …
        except PlacingError as error:
            results[number] = f"not placed: {error.code or error.status}"
        finally:
            free.release()

    async with anyio.create_task_group() as tasks:
        for name, number in people:
            await free.acquire()
            tasks.start_soon(one, name, number)
            await anyio.sleep(every)


async def ordered(twilio: TwilioRest, number: str, from_: str, name: str) -> PlacedCall:
    """Place one call; once more, when Twilio has asked for patience."""
    place = partial(
        twilio.place_call,
        number,
        from_=from_,
        parameters={"name": name},
        detect="greeting",
    )
    try:
        return await place()
    except TooManyRequests as error:
        await anyio.sleep(error.retry_after or 1.0)
        return await place()


def table(people: Sequence[tuple[str, str]], results: Results) -> str:
    """A line for each."""
    return "\n".join(f"{name:8}{results.get(to, '?')}" for name, to in people)


async def main() -> None:
    """Call two people; TLS is for the proxy or the tunnel in front."""
    people = [("Ann", "+15550100101"), ("Bob", "+15550100102")]
    results: Results = {}
    token, url = os.environ["TWILIO_AUTH_TOKEN"], os.environ["PUBLIC_URL"]
    board = Switchboard(partial(remind, results), limit=AT_ONCE)
    async with (
        Server(TwilioEndpoints(board, public_url=url, auth_token=token), port=8080),
        open_twilio(
            board,
            account_sid=os.environ["TWILIO_ACCOUNT_SID"],
            auth_token=token,
            public_url=url,
        ) as twilio,
    ):
        await campaign(twilio, people, "+15550100199", results)
    print(table(people, results))


# --- its test: the fake Twilio rings, and these pick up, or do not

TOKEN, URL = "the-token-of-the-test", "https://calls.example.com"
PEOPLE = [
    *[("Ann", "+15550101"), ("Bob", "+15550102"), ("Cem", "+15550103")],
    *[("Dee", "+15550104"), ("Eve", "+15550105"), ("Fax", "+15550106")],
    ("Gil", "+15550107"),
]
SCRIPT = Script(
    replies=[
        Line(heard="Yes, I will.", calls=[CallTool(name="confirm", arguments={})]),
        Line(say="Thank you, see you then."),
    ]
)
VOICE = ToneVoice()


def speech(words: str) -> AudioFrame:
    """What somebody says, as a telephone carries it."""
    pcm = AudioFrame(
        data=VOICE.speak(words, "alloy", 1.0), format=AudioFormat("pcm16", 24_000)
    )
    return AudioFrame(
        data=pcm.samples[::3].tobytes(), format=AudioFormat("pcm16", 8_000)
    )


async def agree(caller: Caller) -> None:
    """Listen to the question, and say yes."""
    await caller.listen()
    await caller.say(speech("Yes, I will."))
    await caller.wait_closed()  # the agent hangs up


async def call_everybody() -> tuple[Results, float]:
    """The table, and seconds of what the machine has recorded."""
    results: Results = {}
    recorded = list[float]()

    async def record(caller: Caller) -> None:
        recorded.append((await caller.listen()).duration)
        await caller.wait_closed()

    app = partial(remind, results, connect=simulated(SCRIPT, VOICE))
    board = Switchboard(app, limit=AT_ONCE)
    endpoints = TwilioEndpoints(board, public_url=URL, auth_token=TOKEN)
    async with (
        Server(endpoints) as server,
        FakeTwilioRest(server.url, auth_token=TOKEN, public_url=URL) as fake,
        open_twilio(
            board,
            account_sid=fake.account_sid,
            auth_token=TOKEN,
            public_url=URL,
            base_url=fake.url,
        ) as twilio,
    ):
        fake.numbers = {
            "+15550101": Callee(talks=agree),
            "+15550102": Callee(does="busy"),
            "+15550103": Callee(does="no-answer"),
            "+15550104": Callee(
                who="machine", greeting=speech("Nobody is in."), talks=record
            ),
            "+15550105": Refusing(status=400, code=21211),
            "+15550106": Callee(who="fax"),
            "+15550107": Refusing(
                status=429,
                code=20429,  # asked too often, this once
                retry_after=1,
                times=1,
                then=Callee(talks=Caller.listen),  # and hangs up
            ),
        }
        with anyio.fail_after(60):
            await campaign(twilio, PEOPLE, "+15550199", results, every=0.1)
            for dialled in fake.placed.values():
                await dialled.over.wait()
    return results, sum(recorded)


def test_everybody_is_called_and_the_table_says_what_came_of_it() -> None:
    """In real time: some twelve seconds."""
    results, recorded = anyio.run(call_everybody)
    print(table(PEOPLE, results))
    assert [results[number] for _, number in PEOPLE] == [
        "confirmed",
        "busy",
        "no-answer",
        "left a message",
        "not placed: 21211",
        "fax",
        "talked",
    ]
    assert recorded > 1.0


if __name__ == "__main__":
    anyio.run(main)
