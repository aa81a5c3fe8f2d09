"""A call that the service carries, controlled from here: no audio, all the rest."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from anyio import Event, create_task_group, fail_after, sleep, sleep_forever

from voxpipe.pipeline import (
    Pipeline,
    Route,
    SessionLost,
    Text,
    TransportError,
    WiringError,
)
from voxpipe.pipeline.errors import HowLost
from voxpipe.pipeline.testing import Probe, Source, cancelled_at, no_leaks
from voxpipe.processors.realtime import (
    ConfigurationError,
    Realtime,
    SemanticVad,
    ServerVad,
    Service,
    Session,
    SessionRefused,
    Settings,
    open_session,
)
from voxpipe.processors.realtime.connect.sideband import EARLY
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallEnded, CallTool, Line, Script
from voxpipe.transports import MemoryPhone

from ..call import QUICK, speech
from ..carried import Carried, Pair, Talk, carried, scripted
from ..loops import BACKENDS, Backend, run_virtually
from ..server import Line as Socket
from ..server import serving

KEY = "sk-of-the-test"
CALL = "rtc_u1_1"
SILENCE = bytes(48_000)  # a second
LONG = "This is a rather long answer, so that there is time to interrupt it."
SESSION: dict[str, Any] = {
    "type": "realtime",
    "id": "sess_1",
    "model": "gpt-realtime-1.5",
    "instructions": "Be brief.",
    "tools": [
        {"type": "function", "name": "look"},
        {"type": "mcp", "server_label": "books", "server_url": "https://mcp.example"},
    ],
    "output_modalities": ["audio"],
    "audio": {
        "input": {
            "turn_detection": {"type": "semantic_vad", "eagerness": "low"},
            "transcription": {"model": "whisper-1"},
        }
    },
    "expires_at": 1_800_000_000,
}


@pytest.fixture(params=BACKENDS)
def in_time(request: pytest.FixtureRequest) -> Callable[[Callable[[], Any]], Any]:
    """Runs a scene in virtual time."""
    backend: Backend = request.param
    return lambda scene: run_virtually(backend, scene)


def created(**changes: Any) -> str:
    """How a service greets."""
    session = {**SESSION, **changes}
    return json.dumps({"type": "session.created", "session": session})


@asynccontextmanager
async def joined(talk: Talk) -> AsyncGenerator[tuple[Pair, Session]]:
    """A call that a scripted service carries, and our session beside it."""
    async with (
        scripted(talk) as (pair, connect),
        open_session(
            call_id=CALL, service=Service(api_key=KEY), connect=connect
        ) as session,
    ):
        yield pair, session


# --- joining


async def test_the_session_is_what_the_service_says_and_nothing_is_sent() -> None:
    async def talk(pair: Pair) -> None:
        await pair.put(created())

    async with joined(talk) as (pair, session):
        settings = session.settings
    assert settings.call_id == CALL
    assert settings.model == "gpt-realtime-1.5"
    assert settings.detection == SemanticVad(eagerness="low")
    assert [each["name"] for each in settings.tools] == ["look"]
    assert settings.transcriber is not None
    assert settings.transcriber.model == "whisper-1"
    assert (session.id, session.expires_at) == ("sess_1", 1_800_000_000)
    assert session.host == "api.openai.com"
    assert pair.sent == []


async def test_what_the_service_leaves_out_or_says_wrongly_does_no_harm() -> None:
    async def talk(pair: Pair) -> None:
        session = {"audio": {"input": {"turn_detection": None}}, "tools": "all"}
        await pair.put(json.dumps({"type": "session.created", "session": session}))

    async with joined(talk) as (_, session):
        settings = session.settings
    assert settings.detection is None
    assert settings.tools == ()
    assert settings.transcription is None


def test_a_service_that_keeps_silent_is_asked_without_changing_anything(
    in_time: Callable[..., None],
) -> None:
    async def talk(pair: Pair) -> None:
        order = json.loads(await pair.take())
        assert order == {"type": "session.update", "session": {"type": "realtime"}}
        await pair.put(json.dumps({"type": "session.updated", "session": SESSION}))

    async def scene() -> None:
        async with joined(talk) as (_, session):
            assert session.settings.detection == SemanticVad(eagerness="low")

    in_time(scene)


def test_what_the_service_says_before_it_greets_is_not_lost(
    in_time: Callable[..., None],
) -> None:
    key = {"type": "input_audio_buffer.dtmf_event_received", "event": "5"}

    async def talk(pair: Pair) -> None:
        await pair.put(json.dumps(key))
        await pair.put(created(tools=[]))
        await pair.put(json.dumps({**key, "event": "6"}))
        await sleep(1)
        pair.close(1000)

    async def scene() -> None:
        probe = Probe()
        async with joined(talk) as (_, session):
            await Pipeline(Realtime(session).pressed >> probe.input).run()
        assert [frame.digit for frame in probe.frames] == ["5", "6"]

    in_time(scene)


async def test_a_call_that_is_over_is_a_refusal() -> None:
    async def talk(pair: Pair) -> None:
        error = {"type": "invalid_request_error", "code": "call_not_found"}
        await pair.put(json.dumps({"type": "error", "error": error}))

    async with scripted(talk) as (_, connect):
        with pytest.raises(
            SessionRefused, match="the call is over, or nobody has accepted"
        ):
            async with open_session(
                call_id=CALL, service=Service(api_key=KEY), connect=connect
            ):
                pass


async def test_a_service_that_says_everything_else_is_given_up() -> None:
    async def talk(pair: Pair) -> None:
        for _ in range(EARLY):
            await pair.put('{"type": "rate_limits.updated"}')

    async with scripted(talk) as (_, connect):
        with pytest.raises(TransportError, match=f"in {EARLY} events"):
            async with open_session(
                call_id=CALL, service=Service(api_key=KEY), connect=connect
            ):
                pass


@pytest.mark.parametrize("given", [{"voice": "marin"}, {"model": "gpt-realtime"}])
async def test_settings_belong_to_the_acceptance_of_a_call(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Rest\.accept"):
        async with open_session(call_id=CALL, service=Service(api_key=KEY), **given):
            pass


@pytest.mark.parametrize("call_id", ["", "a b", "rtc_1/../x", "x" * 257])
async def test_what_is_no_call_is_refused(call_id: str) -> None:
    with pytest.raises(ConfigurationError, match="a call's id is what its webhook"):
        async with open_session(call_id=call_id, service=Service(api_key=KEY)):
            pass


@pytest.mark.parametrize(
    ("port", "cure"),
    [("hears", "hears away"), ("says", "says away"), ("speech", "speech unfed")],
)
async def test_a_route_for_audio_is_refused(port: str, cure: str) -> None:
    async def talk(pair: Pair) -> None:
        await pair.put(created(tools=[]))
        await sleep_forever()

    async with joined(talk) as (_, session):
        model = Realtime(session)
        phone = MemoryPhone(session.settings.audio)
        routes: dict[str, Route] = {
            "hears": phone.heard >> model.hears,
            "says": model.says >> phone.speaks,
            "speech": phone.heard >> model.speech,
        }
        with pytest.raises(WiringError, match=cure):
            await Pipeline(routes[port], model.events >> Probe().input).run()


@pytest.mark.parametrize("code", [1001, 1006, 1011, None])
async def test_every_end_but_that_of_the_call_is_a_lost_session(
    code: int | None,
) -> None:
    async def talk(pair: Pair) -> None:
        await pair.put(created(tools=[]))
        pair.close(code or 1006)

    async with joined(talk) as (_, session):
        pipeline = Pipeline(Realtime(session).events >> Probe().input)
        with pytest.raises(SessionLost) as caught:
            await pipeline.run()
    assert caught.value.code == (code or 1006)


@pytest.mark.parametrize("end", ["FIN", "RST"])
async def test_a_call_may_end_without_a_close_frame(
    end: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As services do when the caller hangs up, over a socket."""

    async def talk(line: Socket) -> None:
        await line.accept()
        await line.send_text(created(tools=[]))
        await hung_up.wait()
        if end == "RST":
            line.reset()

    hung_up = Event()
    async with (
        no_leaks(),
        serving(talk) as url,
        open_session(
            call_id=CALL, service=Service(api_key=KEY, base_url=url)
        ) as session,
    ):
        pipeline = Pipeline(Realtime(session).events >> Probe().input)
        hung_up.set()
        with caplog.at_level("INFO"), fail_after(10):
            assert await pipeline.run() == "finished"
    assert "the call is over: the model session ended: the other side" in caplog.text


@pytest.mark.parametrize("how", ["silent", "unread", "refused"])
async def test_a_line_that_falls_silent_is_no_hang_up(how: HowLost) -> None:
    async def talk(pair: Pair) -> None:
        await pair.put(created(tools=[]))
        pair.how = how
        pair.close(1009)

    async with joined(talk) as (_, session):
        pipeline = Pipeline(Realtime(session).events >> Probe().input)
        with pytest.raises(SessionLost) as caught:
            await pipeline.run()
    assert caught.value.how == how


async def test_who_hangs_up_while_something_is_being_sent_has_just_hung_up() -> None:
    async def talk(pair: Pair) -> None:
        await pair.put(created(tools=[]))

    async with joined(talk) as (pair, session):
        model = Realtime(session)
        pair.close(1000)
        model.add_text("The caller is a member.")
        assert await Pipeline(model.events >> Probe().input).run() == "finished"


async def test_cancelled_at_any_step_nothing_is_left() -> None:
    async def talk(pair: Pair) -> None:
        await pair.put('{"type": "rate_limits.updated"}')
        await pair.put(created(tools=[]))
        key = {"type": "input_audio_buffer.dtmf_event_received", "event": "5"}
        await pair.put(json.dumps(key))
        await pair.take()
        pair.close(1000)

    async def call() -> None:
        async with joined(talk) as (_, session):
            model = Realtime(session)
            model.say("Good morning.")
            await Pipeline(model.pressed >> Probe().input).run()

    step = 0
    async with no_leaks():
        while await cancelled_at(step, call):
            step += 1
    assert step > 5


# --- whole calls


Plot = Callable[[Carried, Realtime], Coroutine[Any, Any, object]]


async def hold(
    script: Script,
    plot: Plot,
    *routes: Callable[[Realtime], Route],
    **settings: Any,
) -> tuple[Realtime, Carried]:
    """Control a call while ``plot`` plays its caller, until it hangs up."""
    async with (
        carried(script, Settings(**settings)) as call,
        open_session(
            call_id=CALL, service=Service(api_key=KEY), connect=call.connect
        ) as session,
    ):
        model = Realtime(session)
        pipeline = Pipeline(
            model.events >> Probe().input, *(route(model) for route in routes)
        )

        async def play() -> None:
            await plot(call, model)
            call.pump.hang_up()

        async with create_task_group() as tasks:
            tasks.start_soon(play)
            how = await pipeline.run(deadline=120)
            assert how == "finished", pipeline.unfinished
            tasks.cancel_scope.cancel()
    return model, call


def script(*replies: Line) -> Script:
    return Script(replies=list(replies), timing=QUICK)


def test_the_agent_speaks_first_and_knows_when_it_was_heard(
    in_time: Callable[..., None],
) -> None:
    async def plot(call: Carried, model: Realtime) -> None:
        reply = model.say("Good evening.")
        outcome = await reply.outcome()
        assert outcome.status == "completed"
        assert not reply.turn.is_over
        assert await reply.turn.over() == "played"
        assert reply.turn.basis == "measured"
        heard = await call.pump.listen()
        length = len(heard.data) / 48_000
        assert reply.turn.played == pytest.approx(
            length, abs=0.11
        )  # tokens: 50 ms each

    async def scene() -> None:
        model, call = await hold(script(Line(say="unused")), plot)
        assert call.asked == [f"wss://api.openai.com/v1/realtime?call_id={CALL}"]
        assert model.bill.usd > 0

    in_time(scene)


def test_the_caller_is_answered_and_may_interrupt(
    in_time: Callable[..., None],
) -> None:
    transcripts, interruptions = Probe(), Probe()

    async def plot(call: Carried, model: Realtime) -> None:
        await call.pump.say(speech(0.6) + SILENCE)
        await sleep(2)  # into the long answer
        await call.pump.say(speech(0.6) + SILENCE)
        await sleep(5)
        sent = [json.loads(order)["type"] for order in call.pairs[0].sent]
        assert "conversation.item.truncate" not in sent
        assert "input_audio_buffer.append" not in sent

    async def scene() -> None:
        model, _ = await hold(
            script(
                Line(heard="Tell me.", say=LONG * 3), Line(heard="Stop.", say="Yes?")
            ),
            plot,
            lambda model: model.transcripts >> transcripts.input,
            lambda model: model.interruptions >> interruptions.input,
        )
        (cut,) = interruptions.frames
        (item,) = cut.items
        assert 1 < item.played < 4
        said = {entry.role: entry for entry in model.history if entry.played is None}
        (interrupted,) = (entry for entry in model.history if entry.played is not None)
        assert interrupted.played
        assert len(interrupted.played) < len(interrupted.text)
        assert said["agent"].text == "Yes?"
        final = [t.text for t in transcripts.frames if t.speaker == "user" and t.final]
        assert final == ["Tell me.", "Stop."]

    in_time(scene)


def test_tools_are_called_and_their_results_spoken(
    in_time: Callable[..., None],
) -> None:
    asked: list[str] = []

    @tool
    async def departure(train: str) -> str:
        """Tell when a train leaves."""
        asked.append(train)
        return "twenty past eight"

    async def plot(call: Carried, model: Realtime) -> None:
        await call.pump.say(speech(0.6) + SILENCE)
        await call.pump.listen()

    async def scene() -> None:
        tools = ToolRouter([departure])
        model, _ = await hold(
            script(
                Line(
                    heard="When?",
                    calls=[CallTool(name="departure", arguments={"train": "R 7"})],
                ),
                Line(say="At {result}."),
            ),
            plot,
            lambda model: model.calls >> tools.calls,
            lambda model: tools.results >> model.results,
            tools=tools.schemas,
        )
        assert asked == ["R 7"]
        texts = [entry.text for entry in model.history]
        assert "At twenty past eight." in texts

    in_time(scene)


def test_keys_come_by_their_port(in_time: Callable[..., None]) -> None:
    pressed = Probe()

    async def plot(call: Carried, model: Realtime) -> None:
        for key in "42#":
            call.pump.press(key, 1_790_000_000)
        await sleep(1)

    async def scene() -> None:
        await hold(script(), plot, lambda model: model.pressed >> pressed.input)
        assert [frame.digit for frame in pressed.frames] == list("42#")

    in_time(scene)


def test_settings_change_while_the_call_lasts(in_time: Callable[..., None]) -> None:
    async def plot(call: Carried, model: Realtime) -> None:
        await model.update(turn_detection=ServerVad(silence_ms=900)).accepted()
        assert model.settings.detection == ServerVad(silence_ms=900)
        assert model.settings.call_id == CALL
        reply = model.say("Still here.")
        await reply.turn.over()

    in_time(lambda: hold(script(), plot))


def test_the_program_may_silence_the_agent(in_time: Callable[..., None]) -> None:
    async def plot(call: Carried, model: Realtime) -> None:
        reply = model.say(LONG * 3)
        await sleep(2)
        model.interrupt()
        assert reply.turn.is_cut
        heard = await call.pump.listen()
        assert heard.cut
        assert len(heard.data) / 48_000 == pytest.approx(reply.turn.played, abs=0.05)

    in_time(lambda: hold(script(), plot))


def test_written_words_may_come_from_the_pipeline(
    in_time: Callable[..., None],
) -> None:
    async def plot(call: Carried, model: Realtime) -> None:
        await call.pump.listen()

    async def scene() -> None:
        note = Source([Text(text="The caller is a member.")])
        model, _ = await hold(
            script(Line(say="Welcome back.")),
            plot,
            lambda model: note.output >> model.reads,
        )
        assert [entry.text for entry in model.history][-1] == "Welcome back."

    in_time(scene)


def test_a_question_out_of_band_is_not_heard_by_the_caller(
    in_time: Callable[..., None],
) -> None:
    async def plot(call: Carried, model: Realtime) -> None:
        asked = model.ask("Sum it up.", conversation="none", output_modalities=["text"])
        outcome = await asked.outcome()
        assert outcome.status == "completed"
        assert outcome.text
        assert await asked.turn.over() == "played"
        call.pump.hang_up()
        with pytest.raises(CallEnded):
            await call.pump.listen()

    in_time(lambda: hold(script(), plot))
