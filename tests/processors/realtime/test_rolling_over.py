"""A session is replaced before it ends, and nobody hears it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from math import ceil
from urllib.parse import parse_qs, urlsplit

import pytest
from anyio import sleep

from voxpipe.pipeline import SessionLost, TransportError
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import (
    ConfigurationError,
    Connection,
    Realtime,
    Reconnect,
    Reconnected,
    Service,
    SessionRefused,
    open_session,
)
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.realtime.shell import rolling_over
from voxpipe.simulator import Line, Script, connect_in_memory, machines
from voxpipe.simulator.script.faults import ConnectionFault

from .call import QUICK, Call, speech
from .cuts import AUDIBLE, LONG, SCRIPT, Cut
from .loops import BACKENDS, Backend, run_virtually
from .test_reconnecting import KINDS

LAST_MOMENT = 10.0  # seconds before the end of a session
TALK = Script(
    replies=[Line(say=LONG), Line(say="All right."), Line(say="Good-bye.")],
    goes_on=True,
    timing=QUICK,
)
either_loop = pytest.mark.parametrize("backend", BACKENDS)


class Lives:
    """Opens one session after the other.

    Args:
        lives: seconds that each of them has, the last for all that follow.
        script: what the model says.
        fails: which of them cannot be opened, from 1.
        faults: what is wrong with others.

    Attributes:
        asked: where each was to be.
    """

    needs_key = False

    def __init__(
        self,
        *lives: float,
        script: Script = SCRIPT,
        fails: tuple[int, ...] = (),
        faults: Mapping[int, Sequence[ConnectionFault]] = {},  # read only
    ) -> None:
        self._lives, self._script, self._fails = lives, script, fails
        self._faults = faults
        self.asked: list[str] = []

    def __call__(self, address: Address) -> AbstractAsyncContextManager[Connection]:
        self.asked.append(address.url)
        number = len(self.asked)
        if number in self._fails:
            raise TransportError("nobody listens")
        lifetime = self._lives[min(number, len(self._lives)) - 1]
        model = parse_qs(urlsplit(address.url).query)["model"][0]
        faults = tuple(self._faults.get(number, ()))
        script = self._script.model_copy(update={"faults": faults})
        return connect_in_memory(
            script, model=model, seed=number, number=1, lifetime=lifetime
        )


def check(conversation: Cut) -> None:
    """Nothing was lost, and nothing doubled."""
    assert [item[:2] for item in conversation.items] == KINDS
    assert conversation.items[5][2] == "All right."
    assert conversation.runs == 1
    assert conversation.samples == AUDIBLE
    assert conversation.played == pytest.approx(conversation.heard, abs=0.001)
    assert all(told.planned for told in conversation.told)
    assert not any(told.lost_audio or told.left_out for told in conversation.told)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The clock on the wall stands still, at so much beyond a whole second.

    The service tells when it ends a session in whole seconds of that.
    """

    def stand(beyond: float) -> None:
        for module in (rolling_over, machines):
            monkeypatch.setattr(module, "unix_time", lambda: 1_800_000_000 + beyond)

    stand(0.0)
    return stand


@pytest.mark.parametrize("at", [0.1, 0.7, 1.2, 1.6, 2.5, 4.0, 5.5])
def test_another_session_takes_over_in_the_next_pause(at: float) -> None:
    conversation = Cut(Lives(40.0, 3600.0), reconnect=Reconnect(ahead=40.0 - at))
    run_virtually(BACKENDS[round(at * 10) % 2], conversation.hold)
    check(conversation)
    (told,) = conversation.told
    assert (told.unbilled, told.seconds) == (0, 0.0)
    words = [text for role, _, text in conversation.items if role == "agent"]
    assert LONG.startswith(words[0])
    assert not conversation.faults


@pytest.mark.parametrize("at", [0.6, 1.1, 1.5, 2.0, 2.3, 3.5, 4.7])
def test_at_the_last_moment_it_takes_over_whoever_speaks(
    at: float, noon: Callable[[float], None]
) -> None:
    noon(ceil(at) - at)
    connect = Lives(LAST_MOMENT + ceil(at), 3600.0)
    conversation = Cut(connect, reconnect=Reconnect(ahead=LAST_MOMENT + 0.05))
    run_virtually(BACKENDS[round(at * 10) % 2], conversation.hold)
    check(conversation)
    assert len(conversation.told) == 1


async def rolled(connect: Lives, seconds: float, ahead: float = 20.0) -> Call:
    """A call in which nobody speaks, and what was told of it."""
    told = Probe()
    async with open_session(
        connect=connect,
        service=Service(api_key="sk-test"),
        reconnect=Reconnect(ahead=ahead),
    ) as session:
        call = Call(
            Realtime(session),
            routes=lambda call: [call.model.reconnected >> told.input],
        )
        call.probes["told"] = told

        async def plot(call: Call) -> None:
            await sleep(seconds)
            outcome = await call.model.send_text("Still there?").outcome()
            assert outcome.status == "completed"
            call.phone.hang_up()

        await call.hold(plot)
    return call


@either_loop
def test_one_session_follows_the_other_as_long_as_the_call_lasts(
    backend: Backend,
) -> None:
    connect = Lives(30.0, script=TALK)
    call = run_virtually(backend, rolled, connect, 35.0)
    told: list[Reconnected] = call.probes["told"].frames
    assert len(told) == 3
    assert len(connect.asked) == 4
    assert all(each.planned for each in told)
    assert "as planned" in str(told[0])


@either_loop
def test_one_that_cannot_be_opened_ahead_is_tried_again(backend: Backend) -> None:
    connect = Lives(30.0, 3600.0, script=TALK, fails=(2, 3))
    call = run_virtually(backend, rolled, connect, 30.0)
    (told,) = call.probes["told"].frames
    assert told.planned
    assert len(connect.asked) == 4


@either_loop
def test_a_session_that_ends_sooner_than_that_is_lost_and_replaced(
    backend: Backend,
) -> None:
    connect = Lives(15.0, 3600.0, script=TALK)
    call = run_virtually(backend, rolled, connect, 20.0)
    (told,) = call.probes["told"].frames
    assert not told.planned


@either_loop
def test_a_program_can_have_another_model_region_and_voice(backend: Backend) -> None:
    connect = Lives(3600.0, script=TALK)

    async def conversation() -> None:
        service = Service(api_key="sk-test")
        async with open_session(connect=connect, service=service) as session:
            call = Call(Realtime(session))

            async def plot(call: Call) -> None:
                model = call.model
                reply = model.send_text("Hello?")
                assert (await reply.outcome()).text == LONG
                await reply.turn.over()
                with pytest.raises(ConfigurationError, match="voice is fixed"):
                    model.update(voice="cedar")
                other = Service(api_key="sk-test", region="eu")
                told = await model.roll_over(
                    service=other, model="gpt-realtime-mini", voice="cedar"
                )
                assert told.planned
                assert (model.settings.voice, model.settings.model) == (
                    "cedar",
                    "gpt-realtime-mini",
                )
                again = await model.send_text("And now?").outcome()
                assert again.text == "All right."
                assert [e.text for e in model.history if e.role == "agent"] == [
                    LONG,
                    "All right.",
                ]
                call.phone.hang_up()

            await call.hold(plot)

    run_virtually(backend, conversation)
    assert len(connect.asked) == 2
    assert connect.asked[1].startswith("wss://eu.")
    assert "gpt-realtime-mini" in connect.asked[1]


@either_loop
def test_when_there_is_no_other_the_call_goes_on_in_the_one_it_has(
    backend: Backend,
) -> None:
    connect = Lives(3600.0, script=TALK, fails=(2,))

    async def conversation() -> None:
        service = Service(api_key="sk-test")
        async with open_session(connect=connect, service=service) as session:
            call = Call(Realtime(session))

            async def plot(call: Call) -> None:
                await sleep(0.1)  # it runs
                with pytest.raises(TransportError, match="nobody listens"):
                    await call.model.roll_over(voice="cedar")
                with pytest.raises((SessionRefused, ConfigurationError)):
                    await call.model.roll_over(voice="")
                assert call.model.settings.voice != "cedar"
                assert (await call.model.send_text("Hello?").outcome()).text == LONG
                call.phone.hang_up()

            await call.hold(plot)

    run_virtually(backend, conversation)


@either_loop
def test_a_session_that_is_not_to_be_followed_has_no_other(backend: Backend) -> None:
    async def conversation() -> None:
        async with open_session(
            connect=Lives(3600.0), service=Service(api_key="sk-test"), reconnect=None
        ) as session:
            with pytest.raises(ConfigurationError, match="without reconnect=None"):
                await Realtime(session).roll_over(voice="cedar")
        async with open_session(
            connect=Lives(3600.0), service=Service(api_key="sk-test")
        ) as session:
            with pytest.raises(SessionLost, match="no session now"):
                await Realtime(session).roll_over(voice="cedar")

    run_virtually(backend, conversation)


def test_ahead_takes_seconds() -> None:
    for wrong in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ConfigurationError, match="ahead="):
            Reconnect(ahead=wrong)


@either_loop
def test_nobody_is_speaking_when_it_takes_over(backend: Backend) -> None:
    seen: list[str] = []

    async def conversation() -> None:
        told = Probe()
        async with open_session(
            connect=Lives(60.0, 3600.0, script=TALK),
            service=Service(api_key="sk-test"),
            reconnect=Reconnect(ahead=59.0),  # it is there when the caller speaks
        ) as session:

            async def plot(call: Call) -> None:
                await sleep(0.3)
                await call.phone.play(speech(2.0))
                for _ in range(1_000):  # 20 s
                    if told.frames:
                        break
                    seen.append(call.model.activity)
                    await sleep(0.02)
                seen.append(call.model.activity)
                call.phone.hang_up()

            call = Call(
                Realtime(session),
                routes=lambda call: [call.model.reconnected >> told.input],
            )
            await call.hold(plot)

    run_virtually(backend, conversation)
    assert seen[0] == "hearing"
    assert "speaking" in seen
    assert seen[-1] == "listening"
