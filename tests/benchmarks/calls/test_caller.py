"""What the carrier measures: faults that are put in must be seen."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks.calls.caller import PATIENCE, Caller
from benchmarks.calls.carrier_buffer import CarrierBuffer
from benchmarks.calls.speech import (
    FRAME,
    Wire,
    agent_deltas,
    caller_frames,
    quiet_frames,
    quiet_head,
    quiet_tail,
)
from benchmarks.calls.tally import Tally

TICK = 0.02
UTTERANCE = caller_frames()
SILENT = b"\xff" * FRAME


class Talk:
    """A caller with a clock that is turned by hand."""

    def __init__(self, number: int = 1, wire: Wire = "ulaw") -> None:
        self.now = 0.0
        self.wire: Wire = wire
        self.tally = Tally()
        self.tally.is_open = True
        (self.silent,) = quiet = quiet_frames(wire)
        self.caller = Caller(number, caller_frames(wire), quiet, self.tally, wire)
        self.caller.talk(0.0)

    def listen(self, seconds: float) -> list[bytes]:
        """What the microphone gives meanwhile."""
        frames: list[bytes] = []
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            frames.append(self.caller.frame(self.now))
        return frames

    def hear_out(self) -> None:
        """Until the caller has spoken, and fallen silent."""
        while self.listen(TICK) == [self.silent]:
            pass
        while self.listen(TICK) != [self.silent]:
            pass

    def say(self, audio: bytes) -> None:
        self.caller.media(audio, self.now)

    def reply(self, *, gap: float = 0.0) -> None:
        """A whole reply, in time but for ``gap`` seconds in the middle."""
        deltas = agent_deltas(self.wire)
        for number, delta in enumerate(deltas):
            self.say(delta)
            # A delta is 0.25 s long, so that every second one comes ahead of its time.
            if number % 2:
                self.listen(0.48 + (gap if number == 5 else 0.0))

    @property
    def faults(self) -> dict[str, int]:
        return {name: count for name, count in self.tally.faults.items() if count}


@pytest.mark.parametrize("wire", ["ulaw", "pcm"])
def test_a_clean_reply_is_measured_from_the_last_loud_frame(wire: Wire) -> None:
    talk = Talk(wire=wire)
    talk.hear_out()  # one silent frame after the last loud one
    talk.listen(0.66)
    talk.reply()
    talk.listen(1)
    assert talk.tally.latency.seconds == [pytest.approx(0.68)]
    assert talk.tally.underruns.seconds == []
    assert talk.tally.stale == 0
    assert talk.faults == {}


def test_silence_before_the_first_word_counts_as_waiting() -> None:
    talk = Talk()
    talk.hear_out()
    talk.listen(0.66)
    talk.say(SILENT * 5)
    talk.say(agent_deltas("ulaw")[0])
    assert talk.tally.latency.seconds == [pytest.approx(0.68 + 0.1)]
    assert talk.tally.underruns.seconds == []


def test_a_gap_in_a_reply_is_an_underrun_of_its_length() -> None:
    talk = Talk()
    talk.hear_out()
    talk.listen(0.66)
    talk.reply(gap=0.2)
    talk.listen(1)
    # Six deltas, of 1.5 s, in the 0.48 + 0.48 + 0.68 s until the next one comes.
    assert talk.tally.underruns.seconds == [pytest.approx(0.14)]
    assert talk.faults == {}


def test_what_an_interrupted_reply_still_says_after_the_clear_is_stale() -> None:
    talk = Talk(number=2)  # whose first reply is interrupted
    talk.hear_out()
    talk.listen(0.66)
    for delta in agent_deltas("ulaw")[:8]:
        talk.say(delta)
    while talk.listen(TICK) == [SILENT]:
        pass
    talk.listen(0.04)
    talk.say(agent_deltas("ulaw")[8])  # not cleared yet: this is still in order
    assert talk.tally.stale == 0
    talk.caller.clear(talk.now)
    talk.say(agent_deltas("ulaw")[9])
    talk.say(agent_deltas("ulaw")[10])
    assert talk.tally.stale == 2
    assert talk.tally.clearing.seconds == [pytest.approx(0.04)]
    talk.hear_out()
    talk.listen(0.1)
    talk.say(agent_deltas("ulaw")[11])  # sooner than anybody can have thought
    assert talk.tally.stale == 3
    assert talk.faults == {}


def test_an_interruption_that_nobody_notices_is_a_fault() -> None:
    talk = Talk(number=2)
    talk.hear_out()
    talk.listen(0.66)
    for delta in agent_deltas("ulaw")[:8]:
        talk.say(delta)
    talk.hear_out()
    assert talk.faults == {"not_cleared": 1}


def test_a_question_without_an_answer_is_a_fault() -> None:
    talk = Talk()
    talk.hear_out()
    talk.listen(PATIENCE + 0.1)
    assert talk.faults == {"unanswered": 1}
    talk.hear_out()  # and asked again


def test_half_a_reply_is_a_fault() -> None:
    talk = Talk()
    talk.hear_out()
    talk.listen(0.66)
    for delta in agent_deltas("ulaw")[:9]:
        talk.say(delta)
    talk.listen(5)
    assert talk.faults == {"cut_short": 1}


def test_nothing_is_counted_before_and_after_the_measurement() -> None:
    talk = Talk()
    talk.tally.is_open = False
    talk.hear_out()
    talk.listen(0.66)
    talk.reply(gap=0.2)
    assert talk.tally.latency.seconds == []
    assert talk.tally.underruns.seconds == []
    assert talk.tally.replies == 0


def test_marks_come_back_when_they_are_reached_or_cleared() -> None:
    buffer = CarrierBuffer()
    buffer.play(0.25, now=1.0)
    buffer.mark("one", now=1.0)
    buffer.play(0.25, now=1.0)
    buffer.mark("two", now=1.0)
    assert buffer.reached(1.2) == []
    assert buffer.reached(1.3) == ["one"]
    buffer.clear(1.3)
    assert buffer.reached(1.3) == ["two"]
    assert buffer.reached(9.0) == []
    starts, gap = buffer.play(0.25, now=1.4)
    assert starts == 1.4
    assert gap == pytest.approx(0.1)


def test_an_utterance_begins_loud_and_ends_within_a_frame() -> None:
    assert quiet_head(UTTERANCE[0]) < FRAME
    assert quiet_tail(UTTERANCE[-1], "ulaw") == FRAME // 2
    assert quiet_head(agent_deltas("ulaw")[0]) == 0


@pytest.mark.parametrize("wire", ["ulaw", "pcm"])
def test_a_line_with_noise_is_never_silent_and_counts_as_silence(wire: Wire) -> None:
    frames = quiet_frames(wire, noise=True)
    (silent,) = quiet_frames(wire)
    assert {len(frame) for frame in frames} == {len(silent)}
    assert all(frame != after for frame, after in pairwise(frames))
    assert {quiet_head(frame, wire) for frame in frames} == {quiet_head(silent, wire)}
    assert silent not in frames
