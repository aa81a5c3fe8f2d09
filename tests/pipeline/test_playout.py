"""A playout, in virtual time: its pace, its ledger, cuts, holds and ends."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
from anyio import Event, create_task_group, current_time, sleep, sleep_until
from hypothesis import example, given
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFrame,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    ReplyFrame,
    Turn,
)
from voxpipe.pipeline.testing import Probe, Source, run_virtual

from .loudspeaker import FORMAT, Device, Loudspeaker, at, counted, play, reply

FRAME_SIZES = [0.02, 0.25]


def nearly(seconds: float) -> Any:
    return pytest.approx(seconds, abs=1e-6)


# --- pace


@pytest.mark.parametrize("frame", FRAME_SIZES)
def test_a_reply_takes_as_long_as_it_sounds_and_is_heard_whole(frame: float) -> None:
    turn = Turn()
    evening = play([*reply(turn, 3.0, frame), ReplyEnd(turn=turn)])
    assert evening.duration == nearly(3.0)
    assert evening.played == evening.speaker.device.sounded == counted(3.0)
    assert len(evening.speaker.device.gaps) == 1  # the beginning
    assert evening.speaker.playout.underruns == 0
    assert turn.state == "played"
    assert turn.played == nearly(3.0)


@given(
    frame=st.sampled_from([0.01, 0.02, 0.06, 0.25, 0.4]),
    lead=st.sampled_from([0.02, 0.1, 0.2, 0.5]),
)
def test_no_more_is_written_ahead_than_the_lead_and_one_frame(
    frame: float, lead: float
) -> None:
    class Gauge(Device):
        most = 0.0

        async def write(self, frame: AudioFrame) -> None:
            await super().write(frame)
            self.most = max(self.most, self.ahead)

    turn, gauge = Turn(), Gauge()
    speaker = Loudspeaker(lead=lead, device=gauge)
    play([*reply(turn, 2.0, frame), ReplyEnd(turn=turn)], speaker)
    assert lead < gauge.most + 1e-9 <= lead + frame + 2e-9


def test_what_is_inserted_sounds_before_what_waits_and_in_order() -> None:
    turn, speaker = Turn(), Loudspeaker()
    tones = [AudioFrame(data=counted(0.1, -n), format=FORMAT) for n in (800, 1600)]

    def press() -> None:
        for tone in tones:
            speaker.playout.insert(tone)

    evening = play(
        [*reply(turn, 1.0), ReplyEnd(turn=turn)], speaker, at({0.301: press})
    )
    written = [frame for _, frame in speaker.device.writes]
    first = next(n for n, frame in enumerate(written) if frame.turn is None)
    assert written[first : first + 2] == tones
    assert 0.301 <= speaker.device.writes[first][0] <= 0.321  # paced as all is
    assert sum(frame.duration for frame in written[:first]) <= 0.301 + 0.22
    assert evening.duration == nearly(1.2)
    assert turn.state == "played"
    assert turn.played == nearly(1.0)


def test_a_slow_writer_does_not_make_the_ledger_run_ahead() -> None:
    class Slow(Device):
        async def write(self, frame: AudioFrame) -> None:
            await sleep(0.5)  # the line is busy: nobody has got this yet
            assert turn.played <= sum(f.duration for _, f in self.writes) + 1e-9
            await super().write(frame)

    turn = Turn()
    play([*reply(turn, 1.0, 0.25), ReplyEnd(turn=turn)], Loudspeaker(device=Slow()))
    assert turn.played == nearly(1.0)


def test_a_device_that_runs_dry_within_a_reply_is_counted() -> None:
    turn, speaker = Turn(), Loudspeaker()
    frames = reply(turn, 1.0)

    class Stutter(Processor):
        output = Output[ReplyFrame]()

        async def run(self) -> None:
            for frame in frames[:25]:
                await self.output.send(frame)
            await sleep_until(current_time() + 2)
            for frame in frames[25:]:
                await self.output.send(frame)
            await self.output.send(ReplyEnd(turn=turn))

    played, stutter = Probe(), Stutter()
    run_virtual(
        Pipeline(stutter.output >> speaker.speaks, speaker.played >> played.input).run
    )
    assert speaker.playout.underruns == 1
    assert played.data == counted(1.0)


def test_between_two_replies_the_device_may_run_dry() -> None:
    first, second = Turn(), Turn()
    speaker = Loudspeaker()
    evening = play(
        [*reply(first, 0.1), ReplyEnd(turn=first), *reply(second, 0.1)], speaker
    )
    assert speaker.playout.underruns == 0
    assert evening.played == counted(0.1) * 2


# --- the last sample


def test_a_turn_is_heard_when_its_last_sample_was_and_not_before() -> None:
    turn = Turn()
    over_at: list[float] = []

    async def note() -> None:
        began = current_time()
        assert await turn.over() == "played"
        over_at.append(current_time() - began)

    play([*reply(turn, 1.0, 0.25), ReplyEnd(turn=turn)], None, note)
    assert over_at == [nearly(1.0)]


def test_the_end_of_the_stream_waits_for_the_last_sample_and_ends_what_it_played() -> (
    None
):
    turn = Turn()
    evening = play(reply(turn, 1.0, 0.25))  # the end of the reply never comes
    assert evening.duration == nearly(1.0)
    assert turn.state == "played"


def test_a_reply_without_audio_is_heard_at_once() -> None:
    turn = Turn()
    evening = play([ReplyEnd(turn=turn)])
    assert turn.state == "played"
    assert evening.duration == 0.0


def test_audio_of_no_turn_is_played_like_any_other() -> None:
    evening = play(reply(None, 0.5))
    assert evening.played == counted(0.5)
    assert evening.duration == nearly(0.5)


def test_what_was_played_belongs_to_no_turn_any_more() -> None:
    turn = Turn()
    evening = play([*reply(turn, 0.2), ReplyEnd(turn=turn)])
    assert {frame.turn for frame in evening.probe.frames} == {None}
    assert [frame.start for frame in evening.probe.frames] == [
        nearly(n * 0.02) for n in range(10)
    ]


def test_played_frames_come_when_their_last_sample_was_heard() -> None:
    turn = Turn()
    evening = play([*reply(turn, 0.2), ReplyEnd(turn=turn)])
    first = evening.probe.times[0]
    assert [t - first for t in evening.probe.times] == [
        nearly(n * 0.02) for n in range(10)
    ]


# --- cuts


@pytest.mark.parametrize("frame", FRAME_SIZES)
def test_a_cut_clears_the_device_in_the_same_moment_and_once(frame: float) -> None:
    turn, other = Turn(), Turn()
    speaker = Loudspeaker()
    evening = play(
        [*reply(turn, 3.0, frame), ReplyEnd(turn=turn), *reply(other, 0.1)],
        speaker,
        at({1.013: turn.cut, 1.02: turn.cut, 2.0: turn.cut}),
    )
    ((moment, cleared),) = speaker.device.clears
    assert cleared is turn
    assert moment - speaker.device.writes[0][0] == nearly(1.013)
    assert turn.played == nearly(1.013)
    assert evening.played == counted(1.013) + counted(0.1)
    assert evening.played == speaker.device.sounded
    assert not any(f.turn is turn for t, f in speaker.device.writes if t > moment)


def test_a_cut_while_the_ear_waits_for_more_clears_what_the_device_still_has() -> None:
    turn, silence = Turn(), Event()
    speaker = Loudspeaker()

    class Thinker(Processor):
        output = Output[AudioFrame]()

        async def run(self) -> None:
            for frame in reply(turn, 0.16):
                await self.output.send(frame)
            await silence.wait()  # the model has not yet made the rest

    thinker, played = Thinker(), Probe()

    async def evening() -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(at({0.05: turn.cut, 0.06: silence.set}))
            await Pipeline(
                thinker.output >> speaker.speaks, speaker.played >> played.input
            ).run()

    run_virtual(evening)
    assert [cleared for _, cleared in speaker.device.clears] == [turn]
    assert played.data == counted(0.05)
    assert turn.played == nearly(0.05)


def test_a_cut_while_a_write_is_blocked_clears_as_soon_as_it_returns() -> None:
    class Blocked(Device):
        async def write(self, frame: AudioFrame) -> None:
            if len(self.writes) == 3:
                await sleep(0.4)
            await super().write(frame)

    turn, speaker = Turn(), Loudspeaker(device=Blocked())
    evening = play(
        [*reply(turn, 2.0, 0.1), ReplyEnd(turn=turn)], speaker, at({0.25: turn.cut})
    )
    ((moment, cleared),) = speaker.device.clears
    assert cleared is turn
    assert moment - speaker.device.writes[0][0] == nearly(0.5)  # blocked from 0.1 s on
    assert len(speaker.device.writes) == 4
    assert turn.played == nearly(0.25)
    assert evening.played == counted(0.25)


def test_a_reply_that_was_cut_before_it_began_is_not_written() -> None:
    turn, other = Turn(), Turn()
    speaker = Loudspeaker()
    turn.cut()
    evening = play(
        [*reply(turn, 1.0), ReplyEnd(turn=turn), *reply(other, 0.1)], speaker
    )
    assert evening.played == counted(0.1)
    assert speaker.device.clears == []


def test_a_cut_spares_the_last_words_of_the_reply_before_it() -> None:
    first, second = Turn(), Turn()
    speaker = Loudspeaker()
    evening = play(
        [*reply(first, 0.3), ReplyEnd(turn=first), *reply(second, 1.0)],
        speaker,
        at({0.25: second.cut}),  # written by then, for the lead is 0.2 s
    )
    assert [cleared for _, cleared in speaker.device.clears] == [second]
    assert evening.played == speaker.device.sounded == counted(0.3)
    assert first.played == nearly(0.3)
    assert second.played == 0.0


def test_without_a_clear_the_lead_plays_out_and_counts_as_heard() -> None:
    turn, other = Turn(), Turn()
    speaker = Loudspeaker(clears="plays out")
    played_at_the_cut: list[float] = []

    def cut() -> None:
        turn.cut()
        played_at_the_cut.append(turn.played)

    evening = play(
        [*reply(turn, 3.0), ReplyEnd(turn=turn), *reply(other, 0.1)],
        speaker,
        at({1.0: cut}),
    )
    written = [frame for _, frame in speaker.device.writes if frame.turn is turn]
    assert turn.played == nearly(sum(frame.duration for frame in written))
    assert 1.0 < turn.played <= 1.0 + 0.2 + 0.02 + 1e-6
    assert played_at_the_cut == [turn.played]
    assert evening.played == speaker.device.sounded
    assert evening.played == counted(turn.played) + counted(0.1)
    assert len(speaker.device.gaps) == 1  # the next reply queues up behind it


def test_without_a_clear_a_frame_whose_write_is_under_way_counts_too() -> None:
    class Blocked(Device):
        async def write(self, frame: AudioFrame) -> None:
            if len(self.writes) == 1:
                await sleep(0.05)
            await super().write(frame)

    turn = Turn()
    speaker = Loudspeaker(clears="plays out", device=Blocked())
    evening = play(
        [*reply(turn, 2.0, 0.1), ReplyEnd(turn=turn)], speaker, at({0.02: turn.cut})
    )
    assert turn.played == nearly(0.2)
    assert evening.played == speaker.device.sounded == counted(0.2)


def test_a_run_that_is_left_cuts_what_it_was_playing() -> None:
    turn = Turn()

    class HungUp(Device):
        async def write(self, frame: AudioFrame) -> None:
            if len(self.writes) == 20:
                raise ConnectionError("the other side is gone")
            await super().write(frame)

    speaker = Loudspeaker(device=HungUp())
    with pytest.RaisesGroup(ConnectionError):
        play([*reply(turn, 3.0), ReplyEnd(turn=turn)], speaker)
    assert turn.state == "cut"
    assert turn.played == nearly(
        0.2
    )  # twenty frames are out, of which ten are the lead


# --- holds


@pytest.mark.parametrize("frame", FRAME_SIZES)
def test_a_held_reply_goes_on_at_the_sample_where_it_was_held(frame: float) -> None:
    turn, speaker = Turn(), Loudspeaker()
    evening = play(
        [*reply(turn, 2.0, frame), ReplyEnd(turn=turn)],
        speaker,
        at({0.513: turn.hold, 1.213: turn.resume}),
    )
    assert evening.played == speaker.device.sounded == counted(2.0)
    assert evening.duration == nearly(2.7)
    assert len(speaker.device.clears) == 1
    assert speaker.playout.underruns == 0
    assert turn.state == "played"


def test_a_hold_ends_by_itself_after_two_seconds() -> None:
    turn = Turn()
    evening = play([*reply(turn, 1.0), ReplyEnd(turn=turn)], None, at({0.5: turn.hold}))
    assert evening.duration == nearly(3.0)
    assert evening.played == counted(1.0)


def test_a_second_hold_does_not_make_the_first_longer() -> None:
    turn = Turn()
    evening = play(
        [*reply(turn, 1.0), ReplyEnd(turn=turn)],
        None,
        at({0.5: turn.hold, 1.5: turn.hold, 2.4: turn.hold}),
    )
    assert evening.duration == nearly(3.0)


def test_a_reply_that_is_held_before_it_began_waits_and_wakes_at_once() -> None:
    turn, speaker, played = Turn(), Loudspeaker(), Probe()

    async def evening() -> float:
        turn.hold()
        began = current_time()
        async with create_task_group() as tasks:
            tasks.start_soon(at({0.7: turn.resume}))
            source = Source([*reply(turn, 0.5), ReplyEnd(turn=turn)])
            await Pipeline(
                source.output >> speaker.speaks, speaker.played >> played.input
            ).run()
        return current_time() - began

    assert run_virtual(evening) == nearly(1.2)
    assert played.data == counted(0.5)
    assert speaker.device.clears == []


def test_a_reply_that_is_held_before_it_began_resumes_by_itself_too() -> None:
    turn = Turn()

    async def evening() -> float:
        turn.hold()
        began = current_time()
        speaker = Loudspeaker()
        source = Source([*reply(turn, 0.5), ReplyEnd(turn=turn)])
        await Pipeline(source.output >> speaker.speaks).run()
        return current_time() - began

    assert run_virtual(evening) == nearly(2.5)


def test_without_a_clear_a_hold_begins_when_the_lead_was_played() -> None:
    turn, speaker = Turn(), Loudspeaker(clears="plays out")
    evening = play(
        [*reply(turn, 2.0), ReplyEnd(turn=turn)],
        speaker,
        at({0.5: turn.hold, 1.5: turn.resume}),
    )
    assert evening.played == speaker.device.sounded == counted(2.0)
    assert 2.7 < evening.duration < 2.9
    assert speaker.playout.underruns == 0


def test_a_held_reply_that_is_cut_is_cut_where_it_was_held() -> None:
    turn, speaker = Turn(), Loudspeaker()
    evening = play(
        [*reply(turn, 2.0), ReplyEnd(turn=turn)],
        speaker,
        at({0.5: turn.hold, 1.0: turn.cut}),
    )
    assert turn.played == nearly(0.5)
    assert evening.played == counted(0.5)
    assert len(speaker.device.clears) == 1  # there was nothing on it any more
    assert evening.duration == nearly(1.0)


ORDERS = st.lists(
    st.tuples(
        st.integers(1, 600).map(lambda n: n / 100),
        st.sampled_from(["hold", "resume", "cut"]),
    ),
    max_size=8,
    unique_by=lambda order: order[0],
)


@given(
    orders=ORDERS,
    frame=st.sampled_from([0.02, 0.07, 0.25]),
    seconds=st.sampled_from([0.3, 1.0, 2.0]),
    clears=st.sampled_from(["clears", "plays out"]),
    ends=st.booleans(),
)
@example(
    orders=[(0.5, "hold"), (0.51, "resume"), (0.52, "hold"), (0.53, "cut")],
    frame=0.25,
    seconds=2.0,
    clears="clears",
    ends=True,
)
def test_whatever_is_held_resumed_and_cut_no_sample_is_lost_or_heard_twice(
    orders: list[tuple[float, str]],
    frame: float,
    seconds: float,
    clears: Any,
    ends: bool,
) -> None:
    turn, after = Turn(), Turn()
    speaker = Loudspeaker(clears=clears)

    def follow(order: str) -> None:
        if order == "hold" and not turn.is_over:
            turn.hold()
        elif order == "resume":
            turn.resume()
        elif order == "cut":
            turn.cut()

    moments = {moment: partial(follow, order) for moment, order in orders}
    end = [ReplyEnd(turn=turn)] if ends else []
    evening = play(
        [*reply(turn, seconds, frame), *end, *reply(after, 0.1)], speaker, at(moments)
    )
    played = evening.played
    assert played == speaker.device.sounded
    assert played.endswith(counted(0.1))
    first = played[: len(played) - len(counted(0.1))]
    assert counted(seconds).startswith(first)
    assert turn.is_over
    if turn.state == "played":
        assert first == counted(seconds)
        assert turn.played == nearly(seconds)
    else:
        assert (
            abs(len(first) / FORMAT.bytes_per_second - turn.played) <= 1 / FORMAT.rate
        )
    assert len(speaker.device.clears) <= sum(order != "resume" for _, order in orders)


# --- confirmations


def test_without_confirmations_what_was_heard_is_an_estimate() -> None:
    turn = Turn()
    play([*reply(turn, 0.5), ReplyEnd(turn=turn)])
    assert turn.basis == "estimated"


def test_an_ear_whose_clock_is_the_device_measures() -> None:
    turn = Turn()
    play([*reply(turn, 0.5), ReplyEnd(turn=turn)], Loudspeaker(basis="measured"))
    assert turn.basis == "measured"


def test_heard_is_the_last_confirmation_and_the_clock_since() -> None:
    turn, speaker = Turn(), Loudspeaker()
    noted: list[tuple[float, str]] = []

    def note() -> None:
        noted.append((turn.played, turn.basis))

    play(
        [*reply(turn, 2.0), ReplyEnd(turn=turn)],
        speaker,
        at(
            {
                0.5: note,
                0.51: partial(speaker.playout.confirm, turn, 0.46),  # 50 ms late
                0.515: note,
                0.8: note,
                0.81: turn.cut,
            }
        ),
    )
    # What was reported as played stays so; from there on the device's clock counts.
    assert noted == [
        (nearly(0.5), "estimated"),
        (nearly(0.5), "measured"),
        (nearly(0.75), "measured"),
    ]
    assert turn.played == nearly(0.76)


def test_a_late_device_is_waited_for_at_the_end_of_a_reply() -> None:
    turn, speaker = Turn(), Loudspeaker()
    over: list[float] = []

    async def note() -> None:
        began = current_time()
        await turn.over()
        over.append(current_time() - began)

    late = partial(speaker.playout.confirm, turn, 0.3)
    play([*reply(turn, 1.0), ReplyEnd(turn=turn)], speaker, note, at({0.45: late}))
    assert over == [nearly(1.15)]


def test_an_early_device_is_believed_for_that_reply_only() -> None:
    first, second, speaker = Turn(), Turn(), Loudspeaker()
    noted: list[float] = []
    play(
        [*reply(first, 1.0), ReplyEnd(turn=first), *reply(second, 1.0)],
        speaker,
        at(
            {
                0.5: partial(speaker.playout.confirm, first, 0.6),
                0.55: lambda: noted.append(first.played),
                1.3: lambda: noted.append(second.played),
            }
        ),
    )
    assert noted == [nearly(0.65), nearly(0.3)]


def test_pacing_does_not_depend_on_confirmations() -> None:
    def writes(confirmations: dict[float, float]) -> list[float]:
        turn, speaker = Turn(), Loudspeaker()
        confirm = {
            moment: partial(speaker.playout.confirm, turn, position)
            for moment, position in confirmations.items()
        }
        play([*reply(turn, 2.0), ReplyEnd(turn=turn)], speaker, at(confirm))
        first = speaker.device.writes[0][0]
        return [round(moment - first, 6) for moment, _ in speaker.device.writes]

    assert writes({}) == writes({0.5: 0.2, 0.7: 0.69, 1.0: 0.1}) == writes({1.0: 0.0})


def test_a_confirmation_that_was_overtaken_is_ignored() -> None:
    turn, speaker = Turn(), Loudspeaker()
    noted: list[float] = []
    play(
        [*reply(turn, 2.0), ReplyEnd(turn=turn)],
        speaker,
        at(
            {
                0.6: partial(speaker.playout.confirm, turn, 0.5),
                0.61: partial(speaker.playout.confirm, turn, 0.3),
                0.8: lambda: noted.append(turn.played),
            }
        ),
    )
    assert noted == [nearly(0.7)]


def test_confirmations_of_unknown_and_finished_turns_do_no_harm() -> None:
    turn, stranger, over = Turn(), Turn(), Turn()
    over.cut()
    speaker = Loudspeaker()
    confirm = speaker.playout.confirm
    evening = play(
        [*reply(turn, 1.0), ReplyEnd(turn=turn)],
        speaker,
        at(
            {
                0.1: partial(confirm, stranger, 5.0),
                0.2: partial(confirm, over, 5.0),
                0.3: partial(confirm, turn, math.nan),
                0.4: partial(confirm, turn, -1.0),
                5.0: partial(confirm, turn, 1.0),
            }
        ),
    )
    assert evening.duration == nearly(1.0)
    assert turn.basis == "estimated"
    assert stranger.played == 0.0


@given(
    confirmations=st.lists(
        st.tuples(
            st.integers(1, 300).map(lambda n: n / 100),
            st.floats(-1.0, 10.0),
        ),
        max_size=6,
        unique_by=lambda each: each[0],
    ),
    cut_at=st.none() | st.integers(1, 250).map(lambda n: n / 100),
)
def test_whatever_is_confirmed_heard_never_exceeds_what_was_sent(
    confirmations: list[tuple[float, float]], cut_at: float | None
) -> None:
    turn, speaker = Turn(), Loudspeaker()

    def check() -> None:
        sent = sum(frame.duration for _, frame in speaker.device.writes)
        assert turn.played <= sent + 1e-9

    def confirm(position: float) -> None:
        speaker.playout.confirm(turn, position)
        check()

    moments: dict[float, Any] = {n / 7: check for n in range(1, 28)}
    moments |= {when: partial(confirm, position) for when, position in confirmations}
    if cut_at is not None:
        moments[cut_at] = turn.cut
    evening = play([*reply(turn, 2.0), ReplyEnd(turn=turn)], speaker, at(moments))
    check()
    assert turn.is_over
    played = len(evening.played) / FORMAT.bytes_per_second
    assert abs(played - turn.played) <= 1 / FORMAT.rate
    assert evening.duration <= 4.1  # lies can delay the end by two seconds, no more


# --- on both backends, in real time


async def test_a_short_reply_is_played_and_cut_in_real_time() -> None:
    first, second = Turn(), Turn()
    speaker, played = Loudspeaker(lead=0.04), Probe()
    source = Source([*reply(first, 30.0), ReplyEnd(turn=first), *reply(second, 0.06)])

    async def cut_when_it_sounds() -> None:
        while not speaker.device.writes:
            await first.changed()
        await sleep(0.05)
        first.cut()

    async with create_task_group() as tasks:
        tasks.start_soon(cut_when_it_sounds)
        await Pipeline(
            source.output >> speaker.speaks, speaker.played >> played.input
        ).run()
    assert first.state == "cut"
    assert second.state == "played"
    assert [cleared for _, cleared in speaker.device.clears] == [first]
    assert played.data.endswith(counted(0.06))
    assert 0.0 < first.played < 30.0


# --- a device that has fallen behind


def test_a_suspended_playout_writes_nothing_until_it_goes_on() -> None:
    turn, speaker = Turn(), Loudspeaker()
    playout = speaker.playout
    orders = at({1.01: lambda: playout.suspend(), 3.01: lambda: playout.resume()})
    evening = play([*reply(turn, 3.0, 0.1), ReplyEnd(turn=turn)], speaker, orders)
    assert evening.played == counted(3.0)
    assert evening.duration == nearly(3.0 + 3.01 - 1.3)  # it had 1.3 s of it
    assert playout.underruns == 1
    assert turn.state == "played"


def test_a_cut_is_heard_of_while_it_is_suspended() -> None:
    turn, speaker = Turn(), Loudspeaker()
    orders = at({1.01: lambda: speaker.playout.suspend(), 1.11: turn.cut})
    play(reply(turn, 3.0, 0.1), speaker, orders)
    assert turn.is_cut
    assert turn.played == nearly(1.11)


def test_what_a_device_has_forgotten_is_written_again() -> None:
    turn, speaker = Turn(), Loudspeaker()
    playout, device = speaker.playout, speaker.device

    def lose() -> None:
        device.play(current_time())
        device.buffer.clear()
        device.free_at = -1.0
        playout.suspend()
        playout.forgotten(current_time())

    orders = at({1.01: lose, 3.01: lambda: playout.resume()})
    evening = play([*reply(turn, 3.0, 0.1), ReplyEnd(turn=turn)], speaker, orders)
    assert evening.played == counted(3.0)
    assert device.sounded == counted(3.0)
    assert evening.duration == nearly(3.0 + 2.0)
    assert (turn.state, turn.played) == ("played", nearly(3.0))


def test_a_reply_that_is_cut_while_the_device_is_away_was_heard_until_then() -> None:
    turn, speaker = Turn(), Loudspeaker()
    playout = speaker.playout

    def lose() -> None:
        playout.suspend()
        playout.forgotten(current_time())

    play(reply(turn, 3.0, 0.1), speaker, at({1.01: lose, 2.5: turn.cut}))
    assert turn.is_cut
    assert turn.played == nearly(1.01)
