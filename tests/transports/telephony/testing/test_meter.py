"""The definitions in `Measurements`, one by one."""

from __future__ import annotations

import pytest

from voxpipe.transports.telephony.testing.meter import Meter
from voxpipe.transports.telephony.testing.playback import Playback

LOUD, SILENT = b"\x80", b"\xff"
SECOND = 8_000


class Bench:
    """A meter with the buffer that it is told of, as `Leg` does."""

    def __init__(self) -> None:
        self.playback = Playback()
        self.meter = Meter(0.0)
        self.measured = self.meter.measured

    def says(self, begins: float, ends: float) -> None:
        """The caller speaks, in frames of 20 ms."""
        count = round((ends - begins) * 50)
        for index in range(count + 1):
            self.loud(begins + index * 0.02)
        self.meter.fell_silent()

    def loud(self, now: float) -> None:
        self.meter.loud(now, self.playback.dry_at)

    def sends(self, now: float, seconds: float, sound: bytes = LOUD) -> None:
        """The agent's side sends audio."""
        audio = sound * round(seconds * SECOND)
        dry_at = self.playback.dry_at
        self.playback.add(audio, now)
        self.meter.media(audio, now, dry_at)

    def clears(self, now: float) -> None:
        self.meter.cleared(now)
        self.playback.clear(now)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_reply_is_measured_from_the_last_loud_frame_to_the_first_loud_sample(
    bench: Bench,
) -> None:
    bench.says(1.0, 2.0)
    bench.sends(2.5, 0.1, SILENT)
    bench.sends(2.6, 0.2)
    assert list(bench.measured.reply_after) == [pytest.approx(0.6)]
    assert list(bench.measured.answered_at) == [pytest.approx(2.6)]


def test_silence_within_a_message_counts_to_the_latency(bench: Bench) -> None:
    bench.says(1.0, 2.0)
    audio = SILENT * 400 + LOUD * 400
    dry_at = bench.playback.dry_at
    bench.playback.add(audio, 2.5)
    bench.meter.media(audio, 2.5, dry_at)
    assert list(bench.measured.reply_after) == [pytest.approx(0.55)]


def test_a_greeting_is_no_reply(bench: Bench) -> None:
    bench.sends(0.7, 1.0)
    assert bench.measured.greeting_after == pytest.approx(0.7)
    bench.says(3.0, 4.0)
    bench.sends(4.5, 1.0)
    assert list(bench.measured.reply_after) == [pytest.approx(0.5)]


def test_whoever_speaks_first_is_not_greeted(bench: Bench) -> None:
    bench.says(0.5, 1.0)
    bench.sends(1.5, 1.0)
    assert bench.measured.greeting_after is None
    assert len(bench.measured.reply_after) == 1


def test_each_utterance_has_one_reply_at_most(bench: Bench) -> None:
    bench.says(1.0, 2.0)
    for index in range(5):
        bench.sends(2.5 + index * 0.1, 0.1)
    bench.says(5.0, 6.0)  # nobody answers
    bench.says(8.0, 9.0)
    bench.sends(9.3, 0.1)
    assert list(bench.measured.reply_after) == [
        pytest.approx(0.5),
        pytest.approx(0.3),
    ]
    assert bench.measured.utterances == 3


def test_what_was_audible_before_is_no_answer_until_it_is_cleared(
    bench: Bench,
) -> None:
    bench.sends(0.5, 0.4)
    bench.loud(0.8)
    bench.meter.fell_silent()
    bench.sends(0.85, 0.4)  # it has not noticed yet
    bench.clears(1.0)
    bench.sends(1.6, 0.4)
    assert list(bench.measured.reply_after) == [pytest.approx(0.8)]


def test_what_was_audible_before_is_no_answer_until_it_has_ended(
    bench: Bench,
) -> None:
    bench.sends(0.5, 0.4)
    bench.loud(0.8)
    bench.meter.fell_silent()
    bench.sends(0.85, 0.4)  # until 1.3
    bench.sends(1.7, 0.4)
    assert list(bench.measured.reply_after) == [pytest.approx(0.9)]
    assert bench.measured.underruns == 0


def test_an_answer_that_is_cleared_before_it_sounds_was_none(bench: Bench) -> None:
    bench.says(1.0, 2.0)
    bench.sends(2.5, 0.2, SILENT)
    bench.sends(2.5, 0.2)
    bench.clears(2.6)
    bench.sends(3.0, 0.2)
    assert list(bench.measured.reply_after) == [pytest.approx(1.0)]


def test_an_interruption_is_measured_from_its_first_loud_frame_to_clear(
    bench: Bench,
) -> None:
    bench.sends(0.5, 2.0)
    for index in range(10):
        bench.loud(1.0 + index * 0.02)
    bench.clears(1.2)
    bench.says(1.22, 1.5)
    assert bench.measured.interruptions == 1
    assert list(bench.measured.clear_after) == [pytest.approx(0.2)]


def test_speech_in_silence_is_no_interruption(bench: Bench) -> None:
    bench.sends(0.5, 0.5)
    bench.says(1.0, 2.0)  # the buffer is dry by now, to the sample
    assert bench.measured.interruptions == 0


def test_an_agent_that_begins_within_an_utterance_is_interrupted_from_there(
    bench: Bench,
) -> None:
    bench.loud(1.0)
    bench.sends(2.0, 1.0)  # took a pause for the end
    bench.loud(2.2)
    bench.loud(2.22)
    bench.clears(2.5)
    assert bench.measured.interruptions == 1
    assert list(bench.measured.clear_after) == [pytest.approx(0.3)]


def test_an_agent_that_goes_on_was_not_silenced(bench: Bench) -> None:
    bench.sends(0.5, 1.0)
    bench.says(1.0, 1.2)
    bench.sends(1.4, 1.0)
    assert bench.measured.interruptions == 1
    assert not bench.measured.clear_after


def test_media_between_clear_and_the_end_of_the_utterance_are_stale(
    bench: Bench,
) -> None:
    bench.sends(0.5, 2.0)
    bench.loud(1.0)
    bench.clears(1.2)
    bench.sends(1.21, 0.1)
    bench.sends(1.3, 0.1)
    bench.meter.fell_silent()
    bench.sends(1.9, 0.1)
    assert bench.measured.stale == 2


def test_an_answer_after_a_clear_is_not_stale(bench: Bench) -> None:
    bench.sends(0.5, 2.0)
    bench.says(1.0, 1.2)
    bench.clears(1.3)
    bench.sends(1.7, 0.1)
    assert bench.measured.stale == 0


def test_running_dry_within_a_reply_is_an_underrun_of_so_many_seconds(
    bench: Bench,
) -> None:
    bench.sends(0.5, 0.2)
    bench.sends(0.6, 0.2)  # in time
    bench.sends(0.9, 0.2)  # in time, to the sample
    bench.sends(1.15, 0.2)
    assert bench.measured.underruns == 1
    assert list(bench.measured.gap_seconds) == [pytest.approx(0.05)]


def test_a_new_reply_after_a_word_a_key_or_a_clear_is_no_underrun(
    bench: Bench,
) -> None:
    bench.sends(0.5, 0.2)
    bench.says(1.0, 1.5)
    bench.sends(2.0, 0.2)
    bench.meter.key()
    bench.sends(3.0, 0.2)
    bench.clears(3.1)
    bench.sends(4.0, 0.2)
    assert bench.measured.underruns == 0


def test_the_most_that_ever_waited_is_kept(bench: Bench) -> None:
    bench.sends(0.5, 0.2)
    bench.sends(0.6, 0.2)
    bench.sends(2.0, 0.1)
    assert bench.measured.lead == pytest.approx(0.3)
    assert (bench.measured.media, bench.measured.media_bytes) == (3, 4_000)
