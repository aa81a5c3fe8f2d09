"""A call as its pipeline sees it, against a carrier that plays by its own clock."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from anyio import CancelScope, Event, create_task_group, current_time, sleep

from voxpipe.pipeline import (
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Processor,
    Turn,
    Usage,
)
from voxpipe.pipeline.testing import Probe, Script, no_leaks, run_virtual
from voxpipe.transports.telephony.tones import tone
from voxpipe.transports.telephony.twilio import TwilioCall

from .carrier import (
    CALL,
    CONNECTED,
    FORMAT,
    STOP,
    Agent,
    Carrier,
    Evening,
    digit,
    message,
    reply,
    said,
    speech,
    start,
)


def nearly(seconds: Any) -> Any:
    return pytest.approx(seconds, abs=1e-6)


def silent(seconds: float) -> Agent:
    return Agent([], stays=seconds)


# --- what the caller says and presses


def test_what_the_caller_says_arrives_as_the_text_that_it_came_as() -> None:
    payloads = [b64encode(bytes([n]) * 160).decode() for n in range(50)]

    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        for n in range(50):
            carrier.post(speech(n))
            await sleep(0.02)

    evening = Evening(silent(1.5), talk)
    frames = evening.heard.frames
    assert [frame.base64 for frame in frames] == payloads
    assert [frame.start for frame in frames] == nearly([n * 0.02 for n in range(50)])
    assert all(frame.format == FORMAT for frame in frames)
    assert all(frame.turn is None for frame in frames)
    assert evening.reports == []


def test_keys_arrive_as_they_are_pressed() -> None:
    async def press(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(*map(digit, "0123456789*#ABCD"))

    evening = Evening(silent(1.0), press)
    assert "".join(each.digit for each in evening.pressed.frames) == "0123456789*#ABCD"


def test_a_gap_is_told_once_and_nothing_is_invented_for_it() -> None:
    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(0), speech(1), speech(2, timestamp="45"))
        carrier.post(speech(20), speech(21), speech(22))

    evening = Evening(silent(1.0), talk)
    assert len(evening.heard.frames) == 6
    assert evening.heard.frames[-1].start == nearly(0.1)
    assert evening.reports == ["340 ms of what the caller said are missing"]


def test_a_frame_that_is_late_or_without_a_time_is_no_gap() -> None:
    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(5), speech(4), speech(7), speech(8, timestamp="soon"))
        carrier.post(speech(9), speech(9), speech(11))

    evening = Evening(silent(1.0), talk)
    assert len(evening.heard.frames) == 7
    assert evening.reports == []


def test_who_calls_is_known_before_anything_runs() -> None:
    call = Evening(silent(0.1)).call
    assert (call.id, call.caller, call.called) == (CALL, "", "")
    assert call.parameters == {"table": "4", "Name": "Zoë"}
    assert call.format == FORMAT
    assert call.heard.format == call.speaks.format == call.played.format == FORMAT


RUBBISH = [
    (message("start", start={}), "expected start.mediaFormat to be an object"),
    (start(), "expected what happens in a call, got the start of another"),
    (CONNECTED, "expected what happens in a call, got the start of another"),
    (speech(1).replace("MZ5", "MZ6"), "expected a message of this stream, got one"),
    (STOP.replace("MZ5", "MZ6"), "expected a message of this stream, got one"),
    (digit("1").replace("MZ5", "MZ6"), "expected a message of this stream, got one"),
    (speech(1, track=None), "expected media.track to be inbound, got another"),
    (speech(1, payload="€€€€"), "expected base64"),
    (speech(1, payload="AAA"), "expected base64"),
    (speech(1, payload=""), "expected audio, got an empty message"),
    ("[" * 60_000, "expected one JSON object"),
    (b"\xff" * 9, "expected one JSON object"),
    ("x" * 70_000, "expected a message of at most 65536 characters, got 70000"),
]


@pytest.mark.parametrize(("rubbish", "complaint"), RUBBISH)
def test_rubbish_is_counted_and_reported_and_the_call_goes_on(
    rubbish: str | bytes, complaint: str
) -> None:
    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(0), rubbish, speech(1), rubbish, speech(2))

    evening = Evening(silent(1.0), talk)
    assert evening.heard.data == b"".join(bytes([n]) * 160 for n in range(3))
    assert [report[: len(complaint)] for report in evening.reports] == [complaint] * 2
    assert evening.call.fault_count == 2
    assert evening.call.ended == "agent"


def test_what_we_do_not_know_or_said_ourselves_is_no_fault() -> None:
    async def talk(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(0, track="outbound"), message("weather"), message("x"))
        carrier.post(message("mark", mark={"name": "never sent"}))

    evening = Evening(silent(1.0), talk)
    assert evening.heard.frames == []
    assert evening.reports == []
    assert evening.call.unknown == 2


# --- what the agent says


def test_a_reply_leaves_in_whole_deltas_as_the_text_that_it_came_as() -> None:
    turn = Turn()
    texts = [b64encode(bytes([n]) * 2_000).decode() for n in range(8)]
    frames = [
        AudioFrame.from_base64(text, FORMAT, start=n * 0.25, turn=turn)
        for n, text in enumerate(texts)
    ]
    evening = Evening(Agent(frames))
    media = [value for _, value in evening.carrier.events("media")]
    assert [value["media"]["payload"] for value in media] == texts
    assert {value["streamSid"] for value in media} == {"MZ" + "5" * 32}
    assert evening.lasted == nearly(2.0)


def test_no_more_is_sent_ahead_than_the_lead_and_one_frame() -> None:
    evening = Evening(Agent(said(Turn(), 1.5)))
    assert evening.at("media") == nearly([0, 0.05, 0.3, 0.55, 0.8, 1.05])


@pytest.mark.parametrize("frame", [0.02, 0.25])
def test_marks_make_what_was_heard_a_measurement(frame: float) -> None:
    turn, carrier = Turn(), Carrier(latency=0.15)
    seen: dict[float, tuple[float, str]] = {}

    async def look(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.1)
        seen[0.1] = turn.heard, turn.basis
        await sleep(0.9)
        seen[1.0] = turn.heard, turn.basis

    Evening(Agent(said(turn, 2.0, frame)), look, carrier)
    assert seen[0.1][1] == "estimated"
    assert seen[1.0] == (nearly(0.85), "measured")
    assert (turn.state, turn.heard, turn.basis) == ("heard", nearly(2.0), "measured")


def test_marks_that_get_lost_do_no_harm() -> None:
    turn, carrier = Turn(), Carrier()
    carrier.loses = "every mark"
    evening = Evening(Agent(said(turn, 2.0)), None, carrier)
    assert evening.lasted == nearly(2.0)
    assert (turn.state, turn.basis) == ("heard", "estimated")


def test_a_cut_clears_in_the_same_moment_and_nothing_of_it_is_sent_again() -> None:
    turn = Turn()

    async def interrupt(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        turn.cut()

    evening = Evening(Agent(said(turn, 5.0), stays=2.0), interrupt)
    assert evening.at("clear") == nearly([1.0])
    assert max(evening.at("media")) < 1.0
    assert (turn.heard, turn.basis) == (nearly(1.0), "measured")
    assert len(evening.carrier.sounded) == 8_000
    assert evening.played.data == evening.carrier.sounded
    assert max(evening.at("mark")) < 1.0


def test_marks_that_come_back_because_of_a_clear_confirm_nothing() -> None:
    cut, after, carrier = Turn("cut"), Turn("after"), Carrier()
    carrier.loses = "marks that were played"

    async def interrupt(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.5)
        cut.cut()
        await sleep(0.3)
        assert (after.heard, after.basis) == (nearly(0.3), "estimated")
        carrier.loses = "no mark"
        await sleep(0.3)
        assert (after.heard, after.basis) == (nearly(0.6), "measured")

    agent = Agent([*said(cut, 5.0), *said(after, 2.0)])
    evening = Evening(agent, interrupt, carrier)
    assert evening.at("clear") == nearly([0.5])
    assert (after.state, after.basis) == ("heard", "measured")


def test_a_hold_clears_and_what_was_not_heard_is_sent_again() -> None:
    turn = Turn()

    async def cough(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.6)
        turn.hold()
        await sleep(1.0)
        turn.resume()

    evening = Evening(Agent(said(turn, 2.0)), cough)
    whole = b"".join(frame.data for frame in reply(turn, 2.0))
    assert evening.at("clear") == nearly([0.6])
    assert not [at for at in evening.at("media") if 0.6 <= at < 1.6]
    assert evening.carrier.sounded == evening.played.data == whole
    assert evening.lasted == nearly(3.0)
    assert (turn.state, turn.heard) == ("heard", nearly(2.0))
    assert evening.call.turns == 1


def test_after_a_hold_the_marks_of_what_was_cleared_confirm_nothing() -> None:
    turn, carrier = Turn(), Carrier(delay=0.1)
    carrier.loses = "marks that were played"

    async def cough(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.6)
        turn.hold()
        await sleep(0.05)
        turn.resume()
        await sleep(0.15)  # they have come
        assert (turn.heard, turn.basis) == (nearly(0.75), "estimated")

    evening = Evening(Agent(said(turn, 2.0)), cough, carrier)
    assert evening.at("clear") == nearly([0.6])
    assert evening.lasted == nearly(2.05)


def test_replies_are_counted_that_were_sent_at_least_in_part() -> None:
    first, second, third = Turn(), Turn(), Turn()
    third.cut()
    turnless = AudioFrame(data=bytes(160), format=FORMAT)
    agent = Agent([*said(first, 0.5), turnless, *said(second, 0.1), *reply(third, 1.0)])
    assert Evening(agent).call.turns == 2


def test_it_knows_when_it_last_spoke_and_heard_something() -> None:
    async def once(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(2.0)
        carrier.post(message("x"))

    evening = Evening(Agent(said(Turn(), 1.0), stays=3.0), once)
    assert evening.call.heard_at - evening.began == nearly(2.0)
    assert evening.call.spoke_at - evening.began == nearly(0.55)
    assert evening.call.sending_since is None


# --- keys that the agent presses


def test_keys_sound_before_what_waits_and_in_their_order() -> None:
    turn = Turn()

    async def press(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(0.5)
        call.press("1,#")

    evening = Evening(Agent(said(turn, 2.0)), press)
    sounded = [tone(key, FORMAT).data for key in "1,#"]
    audio = evening.carrier.audio
    at = audio.index(sounded[0])
    assert audio[at:].startswith(b"".join(sounded))
    assert at <= 0.75 * 8_000  # what was sent before them: the lead and one frame
    assert evening.lasted == nearly(2.0 + 0.9)
    assert turn.state == "heard"


def test_keys_may_be_pressed_before_anything_is_said_or_runs() -> None:
    async def dial() -> Carrier:
        carrier = Carrier()
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            call.press("42")
            await Pipeline(Agent(said(Turn(), 1.0)).output >> call.speaks).run()
        return carrier

    carrier = run_virtual(dial)
    sounded = b"".join(tone(key, FORMAT).data for key in "42")
    assert carrier.audio.startswith(sounded)
    assert len(carrier.audio) == len(sounded) + 8_000


def test_a_key_that_no_telephone_has_is_refused_and_none_of_them_sounds() -> None:
    async def press(call: TwilioCall, carrier: Carrier) -> None:
        with pytest.raises(ValueError, match="keys are 0-9"):
            call.press("12x")

    assert Evening(silent(1.0), press).carrier.audio == b""


def test_no_more_keys_can_wait_than_anybody_would_press() -> None:
    async def press(call: TwilioCall, carrier: Carrier) -> None:
        for _ in range(16):
            call.press("12345678")
        with pytest.raises(ValueError, match="at most 128 keys can wait"):
            call.press("1")
        await sleep(1.0)
        call.press("1234")  # some have sounded meanwhile

    evening = Evening(silent(1.0), press)
    assert evening.lasted == nearly(132 * 0.2)


# --- ends


async def chatter(call: TwilioCall, carrier: Carrier) -> None:
    """The caller is never silent."""
    for n in range(10_000):
        carrier.post(speech(n))
        await sleep(0.02)


def test_after_hanging_up_the_last_word_is_heard_and_the_caller_is_not() -> None:
    turn = Turn()

    async def goodbye(call: TwilioCall, carrier: Carrier) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(chatter, call, carrier)
            await sleep(1.01)
            call.hang_up()
            call.hang_up()
            await sleep(0.001)
            assert not call.heard.connected
            assert not call.pressed.connected
            carrier.post(digit("1"))
            tasks.cancel_scope.cancel()

    evening = Evening(Agent(said(turn, 3.0)), goodbye, Carrier(latency=0.1))
    assert evening.heard.data == b"".join(bytes([n]) * 160 for n in range(51))
    assert evening.pressed.frames == []
    assert (turn.state, turn.basis) == ("heard", "measured")  # marks were still read
    assert evening.lasted == nearly(3.1)
    assert evening.call.ended == "agent"
    assert evening.carrier.closed == [1000]


class Deaf(Probe):
    """Reads nothing for a while."""

    async def run(self) -> None:
        await sleep(2.0)
        await super().run()


def test_hanging_up_works_while_nobody_takes_what_the_caller_says() -> None:
    async def conversation() -> tuple[TwilioCall, Probe]:
        carrier, deaf, agent = Carrier(), Deaf(), Agent(said(Turn(), 3.0))
        carrier.post(CONNECTED, start())
        async with (
            TwilioCall.accept(carrier) as call,
            create_task_group() as tasks,
        ):
            tasks.start_soon(chatter, call, carrier)
            tasks.start_soon(hang_up_at, call, 1.0)
            await Pipeline(agent.output >> call.speaks, call.heard >> deaf.input).run()
            tasks.cancel_scope.cancel()
        return call, deaf

    async def hang_up_at(call: TwilioCall, seconds: float) -> None:
        await sleep(seconds)
        call.hang_up()

    call, deaf = run_virtual(conversation)
    assert call.ended == "agent"
    assert deaf.data[:1_600] == b"".join(bytes([n]) * 160 for n in range(10))
    assert len(deaf.data) <= 0.24 * 8_000


def test_a_caller_who_hangs_up_is_not_spoken_to_any_more() -> None:
    turn = Turn()

    async def leave(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(1))
        await sleep(1.0)
        carrier.post(STOP)

    evening = Evening(Agent(said(turn, 60.0)), leave)
    assert evening.lasted == nearly(1.0)
    assert evening.call.ended == "caller"
    assert (turn.state, turn.heard) == ("cut", nearly(1.0))
    assert evening.at("clear") == []  # nobody is there to forget anything
    assert evening.heard.data == bytes([1]) * 160


def test_a_connection_that_ends_without_a_word_was_lost() -> None:
    async def fall(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        carrier.leave()

    evening = Evening(Agent(said(Turn(), 60.0)), fall)
    assert (evening.lasted, evening.call.ended) == (nearly(1.0), "lost")


def test_a_connection_that_takes_nothing_any_more_was_lost() -> None:
    turn = Turn()

    async def fall(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        carrier.is_broken = True

    evening = Evening(Agent(said(turn, 60.0)), fall)
    assert evening.call.ended == "lost"
    assert evening.lasted == nearly(1.05 + 1.0)  # the next delta, and a last word
    assert turn.is_cut
    assert evening.call.sending_since is None


def test_a_farewell_is_read_that_came_before_the_connection_broke() -> None:
    async def fall(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        carrier.is_broken = True
        await sleep(0.5)
        carrier.post(STOP)

    evening = Evening(Agent(said(Turn(), 60.0)), fall)
    assert (evening.lasted, evening.call.ended) == (nearly(1.5), "caller")


def test_a_carrier_that_reads_nothing_holds_up_a_bounded_amount() -> None:
    agent = Agent(said(Turn(), 120.0))
    seen: list[Any] = []

    async def stall(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        carrier.stuck = Event()
        carrier.post(speech(0))
        await sleep(60.0)
        seen.append(call.speaks.queue.seconds)
        seen.append(len(carrier.events("media")))
        assert call.sending_since is not None
        seen.append(current_time() - call.sending_since)
        carrier.post(speech(1))
        await sleep(1.0)
        carrier.post(STOP)

    evening = Evening(agent, stall)
    assert seen[0] <= 0.25
    assert seen[1] == 5
    assert seen[2] == nearly(61.0 - 1.05)
    assert evening.lasted == nearly(62.0)
    assert evening.call.ended == "caller"
    assert len(evening.heard.frames) == 2  # the caller was heard all the time
    assert evening.call.sending_since is None


async def test_a_call_leaves_nothing_behind_on_either_loop() -> None:
    turn = Turn()
    async with no_leaks():
        carrier, probe = Carrier(), Probe()
        carrier.post(CONNECTED, start(), *(speech(n) for n in range(10)))
        async with (
            create_task_group() as tasks,
            TwilioCall.accept(carrier) as call,
        ):
            carrier.answering(tasks)
            await Pipeline(
                Agent(said(turn, 0.3, 0.02)).output >> call.speaks,
                call.heard >> probe.input,
            ).run(deadline=60)
    assert call.ended == "agent"
    assert (turn.state, turn.basis) == ("heard", "measured")
    assert probe.data == b"".join(bytes([n]) * 160 for n in range(10))
    assert carrier.closed == [1000]


async def test_a_caller_may_be_gone_before_the_pipeline_runs_on_either_loop() -> None:
    turn = Turn()
    async with no_leaks():
        carrier = Carrier()
        carrier.post(CONNECTED, start(), STOP)
        async with TwilioCall.accept(carrier) as call:
            await Pipeline(Agent(said(turn, 60.0)).output >> call.speaks).run()
            assert call.ended == "caller"
            # And stays so: who is gone cannot be spoken to.
            later = Turn()
            await Pipeline(Agent(said(later, 60.0)).output >> call.speaks).run()
    assert turn.is_cut
    assert later.state == "waiting"
    assert call.ended == "caller"


async def test_a_connection_that_breaks_ends_the_call_on_either_loop() -> None:
    turn = Turn()
    async with no_leaks():
        carrier = Carrier()
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            carrier.is_broken = True
            carrier.leave()
            await Pipeline(Agent(said(turn, 60.0)).output >> call.speaks).run()
    assert call.ended == "lost"
    assert turn.is_over


# --- a second pipeline


class Failing(Agent):
    async def run(self) -> None:
        await super().run()
        raise ConnectionError("the model is gone")


def test_after_its_pipeline_has_failed_a_call_can_be_apologised_to() -> None:
    lost, apology = Turn("lost"), Turn("apology")
    carrier = Carrier()

    async def conversation() -> TwilioCall:
        carrier.post(CONNECTED, start())
        async with create_task_group() as tasks, TwilioCall.accept(carrier) as call:
            carrier.answering(tasks)
            call.press("1")
            with pytest.raises(ConnectionError):
                await Pipeline(
                    Failing(said(lost, 1.5), stays=0.1).output >> call.speaks
                ).run()
            assert call.ended == ""
            assert lost.is_cut
            call.hang_up()
            await Pipeline(Agent(said(apology, 1.0)).output >> call.speaks).run()
        return call

    call = run_virtual(conversation)
    assert call.ended == "agent"
    assert (apology.state, apology.heard) == ("heard", nearly(1.0))
    assert apology.basis == "measured"
    kinds = [value["event"] for value in (json.loads(text) for text in carrier.texts)]
    cleared = kinds.index("clear")
    assert kinds.count("clear") == 1  # what the first had left on the way
    apologised = [json.loads(text) for text in carrier.texts[cleared:]]
    spoken = [each["media"]["payload"] for each in apologised if "media" in each]
    assert spoken == [frame.base64 for frame in reply(apology, 1.0)]
    assert call.turns == 2
    assert carrier.sounded.endswith(b"".join(f.data for f in reply(apology, 1.0)))


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.2, 0.25, 0.5, 1.0, 2.9, 3.05])
def test_a_pipeline_may_be_cut_off_at_any_moment_and_followed_by_another(
    moment: float,
) -> None:
    first, second, carrier = Turn(), Turn(), Carrier(latency=0.1)

    async def conversation() -> TwilioCall:
        carrier.post(CONNECTED, start())
        async with (
            no_leaks(),
            TwilioCall.accept(carrier) as call,
            create_task_group() as tasks,
        ):
            carrier.answering(tasks)
            tasks.start_soon(chatter, call, carrier)
            pipeline = Pipeline(Agent(said(first, 3.0)).output >> call.speaks)
            assert await pipeline.run(deadline=moment) == "deadline"
            assert call.ended == ""
            probe = Probe()
            await Pipeline(
                Agent(said(second, 1.0)).output >> call.speaks,
                call.heard >> probe.input,
            ).run()
            assert probe.data
            tasks.cancel_scope.cancel()
        return call

    call = run_virtual(conversation)
    assert call.ended == "agent"
    assert (second.state, second.heard) == ("heard", nearly(1.0))
    assert carrier.sounded.endswith(b"".join(f.data for f in reply(second, 1.0)))


class Polite(Processor):
    """Says goodbye when it hears no more of the caller."""

    hears = Input[AudioFrame]()
    says = Output[Any]()

    def __init__(self) -> None:
        self.turn = Turn()

    async def run(self) -> None:
        async for _ in self.hears:
            pass
        for frame in said(self.turn, 1.0):
            await self.says.send(frame)


def test_a_call_that_was_hung_up_before_it_ran_is_only_spoken_to() -> None:
    async def conversation() -> tuple[TwilioCall, Polite]:
        carrier, agent = Carrier(), Polite()
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            call.hang_up()
            pipeline = Pipeline(call.heard >> agent.hears, agent.says >> call.speaks)
            assert await pipeline.run(deadline=5) == "finished"
        return call, agent

    call, agent = run_virtual(conversation)
    assert call.ended == "agent"
    assert agent.turn.state == "heard"


def test_a_call_that_has_come_to_its_end_can_go_on() -> None:
    turn = Turn()

    async def conversation() -> Probe:
        carrier, probe = Carrier(), Probe()
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call, create_task_group() as tasks:
            carrier.answering(tasks)
            await Pipeline(Agent(said(Turn(), 0.5)).output >> call.speaks).run()
            assert call.ended == "agent"
            carrier.post(speech(1))
            await Pipeline(
                Agent(said(turn, 0.5)).output >> call.speaks, call.heard >> probe.input
            ).run()
            assert (call.ended, call.turns) == ("agent", 2)
        return probe

    assert run_virtual(conversation).data == bytes([1]) * 160
    assert (turn.state, turn.basis) == ("heard", "measured")


def test_keys_that_a_failed_pipeline_has_not_sent_are_not_pressed_later() -> None:
    carrier = Carrier()

    async def conversation() -> None:
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            call.press("12345")
            with pytest.raises(ConnectionError):
                await Pipeline(Failing([], stays=0.1).output >> call.speaks).run()
            carrier.sent.clear()
            await Pipeline(Agent(said(Turn(), 1.0)).output >> call.speaks).run()

    run_virtual(conversation)
    assert len(carrier.audio) == 8_000


def test_a_caller_who_hung_up_meanwhile_is_not_apologised_to() -> None:
    apology, carrier = Turn(), Carrier()

    async def conversation() -> TwilioCall:
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            with pytest.raises(ConnectionError):
                await Pipeline(Failing([]).output >> call.speaks).run()
            carrier.post(STOP)
            await Pipeline(Agent(said(apology, 60.0)).output >> call.speaks).run()
        return call

    assert run_virtual(conversation).ended == "caller"
    assert apology.is_over or apology.state == "waiting"
    assert len(carrier.events("media")) <= 1


# --- what it costs


class Model(Processor):
    """Ends some time after it has heard the caller's end, with a last word and bill."""

    hears = Input[AudioFrame]()
    says = Output[Any]()
    usage = Output[Usage]()

    def __init__(self, costs: list[float | None]) -> None:
        self.costs = costs

    async def run(self) -> None:
        for cost in self.costs[:-1]:
            await self.usage.send(Usage(kind="reply", cost_usd=cost))
        async for _ in self.hears:
            pass
        for frame in said(Turn("nobody is there"), 2.0):
            await self.says.send(frame)
        await sleep(1.0)
        await self.usage.send(Usage(kind="reply", cost_usd=self.costs[-1]))


def cost_of(costs: list[float | None]) -> float | None:
    async def conversation() -> float | None:
        carrier, model = Carrier(), Model(costs)
        carrier.post(CONNECTED, start(), speech(0))
        async with (
            TwilioCall.accept(carrier) as call,
            create_task_group() as tasks,
        ):
            tasks.start_soon(leave, carrier)
            await Pipeline(
                call.heard >> model.hears,
                model.says >> call.speaks,
                model.usage >> call.charges,
            ).run()
            assert call.ended == "caller"
        return call.cost_usd

    async def leave(carrier: Carrier) -> None:
        await sleep(3.0)
        carrier.post(STOP)

    return run_virtual(conversation)


def test_all_charges_are_added_up_also_the_one_after_the_caller_has_gone() -> None:
    assert cost_of([0.01, 0.02, 0.04]) == pytest.approx(0.07)
    assert cost_of([0.0005] * 200) == pytest.approx(0.1)


def test_a_sum_is_not_known_when_one_of_its_parts_is_not() -> None:
    assert cost_of([0.01, None, 0.04]) is None
    assert cost_of([0.01, 0.04, None]) is None


def test_a_call_that_was_charged_nothing_has_no_cost() -> None:
    assert Evening(silent(0.1)).call.cost_usd is None


# --- accepting


def test_an_error_of_the_app_closes_the_connection_and_comes_out_bare() -> None:
    carrier = Carrier()

    async def answer() -> None:
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier):
            raise LookupError

    with pytest.raises(LookupError):
        run_virtual(answer)
    assert carrier.closed == [1000]


async def test_a_connection_is_closed_also_when_all_is_cancelled() -> None:
    carrier = Carrier()
    carrier.post(CONNECTED, start())
    with CancelScope() as scope:
        async with TwilioCall.accept(carrier):
            scope.cancel()
            await sleep(60)
    assert carrier.closed == [1000]


def test_a_connection_that_does_not_close_is_left_after_a_second() -> None:
    class Clinging(Carrier):
        async def close(self, code: int = 1000, reason: str = "") -> None:
            await sleep(60)

    async def answer() -> float:
        carrier = Clinging()
        carrier.post(CONNECTED, start())
        began = current_time()
        async with TwilioCall.accept(carrier):
            pass
        return current_time() - began

    assert run_virtual(answer) == nearly(1.0)


def test_a_pipeline_that_reads_nothing_of_the_call_can_still_speak() -> None:
    async def announce() -> TwilioCall:
        carrier = Carrier()
        carrier.post(CONNECTED, start(), *(speech(n) for n in range(500)))
        async with TwilioCall.accept(carrier) as call:
            await Pipeline(Script(said(Turn(), 1.0)).output >> call.speaks).run()
        return call

    call = run_virtual(announce)
    assert (call.ended, call.turns, call.fault_count) == ("agent", 1, 0)
