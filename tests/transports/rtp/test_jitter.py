"""The buffer against networks of every kind; its clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.rtp.jitter import (
    LEAST,
    MOST,
    RING,
    TOO_EARLY,
    WINDOW,
    JitterBuffer,
)
from voxpipe.transports.rtp.law import TICK


@dataclass(order=True)
class Came:
    """A packet: when, and which; its codes tell its number, 1 to 250."""

    at: int  # samples
    number: int
    size: int = TICK

    @property
    def codes(self) -> bytes:
        return bytes([1 + self.number % 250]) * self.size


def never(_: bytes) -> bool:
    return False


def always(_: bytes) -> bool:
    return True


class Line:
    """Puts packets and plays ticks, in the order of time."""

    def __init__(self, first: int = 0, begin: int = 0) -> None:
        self.buffer = JitterBuffer(0xFF, never)
        self.first, self.begin = first, begin
        self.played: list[int | None] = []  # the number of each sample, or a gap
        self.when: dict[
            int | None, int
        ] = {}  # the tick in which a number was first played
        self.now = 0

    def run(self, packets: list[Came], until: int) -> list[int | None]:
        waiting = sorted(packets)
        for now in range(self.now, until, TICK):
            while waiting and waiting[0].at <= now:
                self.put(waiting.pop(0))
            codes, there = self.buffer.play(now)
            self.played += [c if t else None for c, t in zip(codes, there, strict=True)]
            for code in set(self.played[-TICK:]) - {None}:
                self.when.setdefault(code, now)
        self.now = until
        return self.played

    def put(self, came: Came) -> None:
        self.buffer.put(
            (self.first + came.number) % 2**16,
            (self.begin + came.number * TICK) % 2**32,
            came.codes,
            came.at,
        )


def heard(played: list[int | None]) -> list[int]:
    """The numbers that were played, each as often as it was whole."""
    runs: list[tuple[int, int]] = []
    for each in played:
        if each is None or each == 0xFF:
            continue
        if runs and runs[-1][0] == each:
            runs[-1] = each, runs[-1][1] + 1
        else:
            runs.append((each, 1))
    return [number for number, size in runs for _ in range(max(size // TICK, 1))]


def test_a_clean_line_is_played_whole_and_a_little_late() -> None:
    line = Line()
    played = line.run([Came(n * TICK + 5, n) for n in range(200)], 40_000)
    assert heard(played) == list(range(1, 201))
    first = next(at for at, each in enumerate(played) if each is not None)
    assert LEAST <= first <= LEAST + 2 * TICK
    assert None not in played[first : first + 200 * TICK]
    assert (line.buffer.stretched, line.buffer.skipped) == (0, 0)


@given(
    first=st.integers(0, 2**16 - 1),
    begin=st.integers(0, 2**32 - 1),
    fates=st.lists(
        st.lists(st.integers(0, 3_000), max_size=3), min_size=1, max_size=60
    ),
)
def test_whatever_the_network_does_order_is_kept_nothing_comes_twice_or_late(
    first: int, begin: int, fates: list[list[int]]
) -> None:
    line = Line(first, begin)
    packets = [
        Came(number * TICK + delay, number)
        for number, delays in enumerate(fates)
        for delay in delays
    ]
    numbers = heard(line.run(packets, len(fates) * TICK + 7_000))
    assert all(after > before for before, after in pairwise(numbers))
    came = {1 + packet.number: packet.at for packet in sorted(packets, reverse=True)}
    assert set(numbers) <= came.keys()
    for number in numbers:
        assert line.when[number] - came[number] <= TOO_EARLY + TICK
    buffer = line.buffer
    put_aside = buffer.late + buffer.duplicates + buffer.strayed
    assert len(numbers) + put_aside >= len(packets) - buffer.skipped // TICK - 1


@given(
    first=st.integers(2**16 - 30, 2**16 - 1),
    begin=st.integers(2**32 - 4_000, 2**32 - 1),
    order=st.permutations(range(4)),
)
def test_packets_in_disorder_come_out_in_order_across_the_wrap(
    first: int, begin: int, order: list[int]
) -> None:
    line = Line(first, begin)
    # Each four come with the last of them, one after the other, in another order.
    packets = [Came(4 * TICK, 0)] + [
        Came((group + 3) * TICK + place, group + n)
        for group in range(1, 97, 4)
        for place, n in enumerate(order)
    ]
    assert heard(line.run(packets, 120 * TICK)) == list(range(1, 98))


def test_a_packet_that_comes_twice_is_played_once_and_counted() -> None:
    line = Line()
    packets = [Came(n * TICK + d, n) for n in range(100) for d in (0, 1, 300)]
    assert heard(line.run(packets, 20_000)) == list(range(1, 101))
    assert line.buffer.duplicates == 200
    assert line.buffer.late == 0


def test_one_that_is_late_is_left_out_and_more_of_them_let_the_delay_grow() -> None:
    line = Line()
    packets = [Came(n * TICK + (1_200 if n % 7 == 6 else 0), n) for n in range(200)]
    numbers = heard(line.run(packets, 40_000))
    lost = set(range(1, 201)) - set(numbers)
    assert len(lost) == line.buffer.late
    assert 0 < len(lost) < 8  # of 28: then the delay has grown
    assert 0.15 <= line.buffer.delay <= (MOST + TICK) / 8_000
    assert line.buffer.stretched >= 4


def test_the_delay_shrinks_in_pauses_only() -> None:
    for is_quiet in (always, never):
        line = Line()
        line.buffer = JitterBuffer(0xFF, is_quiet)
        rough = [Came(n * TICK + (1_200 if n % 7 == 6 else 0), n) for n in range(200)]
        line.run(rough, 200 * TICK + 4_000)
        grown = line.buffer.delay
        calm = [Came(n * TICK, n) for n in range(226, 226 + 2 * WINDOW)]
        line.run(calm, 750 * TICK)
        if is_quiet is always:
            assert line.buffer.delay <= 0.07 < grown
        else:  # 25 packets were missing: that was a pause, and is over
            assert line.buffer.skipped <= 5 * TICK


def test_packets_of_any_length_are_cut_to_ticks() -> None:
    buffer = JitterBuffer(0xFF, never)
    audio = bytes(1 + n // 80 % 250 for n in range(16_000))
    out, at = b"", 0
    for now in range(0, 20_000, TICK):
        while at <= now and at < len(audio):
            buffer.put(at // 240, at, audio[at : at + 240], at)  # 30 ms
            at += 240
        codes, there = buffer.play(now)
        out += bytes(c for c, t in zip(codes, there, strict=True) if t)
    assert out == audio


def test_a_pause_in_which_nothing_is_sent_is_silence_and_no_loss() -> None:
    line = Line()
    before = [Came(n * TICK, n) for n in range(50)]
    line.run(before, 51 * TICK)
    # The numbers go on as if nothing had been, the timestamps have gone by.
    for n in range(50, 100):
        line.buffer.put(n, (n + 200) * TICK, bytes([1 + n]) * TICK, 51 * TICK)
        if n == 53:
            break
    # Those are far too early: they wait for their time, or stray.
    line2 = Line()
    line2.run(before, 51 * TICK)
    for tick in range(51, 400):
        n = tick - 200
        if 50 <= n < 100:
            line2.buffer.put(n, tick * TICK, bytes([1 + n]) * TICK, tick * TICK)
        codes, there = line2.buffer.play(tick * TICK)
        line2.played += [c if t else None for c, t in zip(codes, there, strict=True)]
    assert heard(line2.played) == list(range(1, 101))
    assert line2.buffer.restarts == 0
    # What came just before the first of them was known to be a pause.
    begin = line2.played.index(51)
    assert line2.played[begin - LEAST // 2 : begin] == [0xFF] * (LEAST // 2)


def test_a_timeline_that_jumps_begins_anew_with_the_second_packet() -> None:
    for jump in (2**31, 100_000, -100_000, 4_000):
        line = Line()
        line.run([Came(n * TICK, n) for n in range(50)], 50 * TICK)
        line.begin = jump
        line.run([Came(n * TICK, n) for n in range(50, 100)], 110 * TICK)
        numbers = heard(line.played)
        assert numbers == sorted(set(numbers))
        assert {*range(52, 101)} <= set(numbers)
        assert line.buffer.restarts == 1


def test_a_packet_that_was_overtaken_by_far_is_no_jump() -> None:
    line = Line()
    packets = [Came(n * TICK + d, n) for n, d in enumerate((2_241, 0, 321))]
    numbers = heard(line.run(packets, 40 * TICK))
    assert numbers == sorted(numbers)
    assert line.buffer.restarts == 0


def test_one_packet_of_another_timeline_is_an_accident() -> None:
    line = Line()
    packets = [Came(n * TICK, n) for n in range(100)]
    line.run(packets[:50], 50 * TICK)
    line.buffer.put(50, 10_000_000, b"\x55" * TICK, 50 * TICK)
    line.run(packets[51:], 110 * TICK)
    assert set(range(1, 101)) - set(heard(line.played)) == {51}
    assert (line.buffer.strayed, line.buffer.restarts) == (1, 0)


def test_a_clock_that_has_stood_still_is_followed_after_200_ms() -> None:
    line = Line()
    line.run([Came(n * TICK, n) for n in range(50)], 50 * TICK)
    late = [Came(n * TICK + 4_800, n) for n in range(50, 120)]  # 0.6 s from now on
    numbers = heard(line.run(late, 170 * TICK))
    assert numbers[-1] == 120
    assert len(numbers) >= 50 + 70 - 12
    assert line.buffer.restarts == 1


def test_clocks_that_drift_apart_stay_together() -> None:
    for drift in (0.999, 1.001):  # ten times what a bad crystal does
        buffer = JitterBuffer(0xFF, always)
        gaps, number = 0, 0
        for now in range(0, 8_000 * 120, TICK):
            while number * TICK * drift <= now:
                buffer.put(
                    number % 2**16,
                    number * TICK,
                    b"\x01" * TICK,
                    int(number * TICK * drift),
                )
                number += 1
            _, there = buffer.play(now)
            gaps += there != b"\x01" * TICK
        assert (
            gaps <= 14
        )  # two minutes are 0.12 s more or less: six ticks, and the start
        assert buffer.delay <= 0.1


def test_a_flood_takes_no_more_memory_than_a_call() -> None:
    buffer = JitterBuffer(0xFF, never)
    for n in range(100_000):
        buffer.put(
            n * 7_919 % 2**16, n * 48_271 % 2**32, b"\x01" * (n % 1_400), n // 500
        )
        if n % 5_000 == 0:
            buffer.play(n // 500)
    kept = vars(buffer)
    assert len(kept["_codes"]) == len(kept["_there"]) == RING
    assert len(kept["_transits"]) <= WINDOW
    assert len(kept["_sorted"]) <= WINDOW
    assert kept["_seen"].bit_length() <= 64


def test_a_pause_of_ours_is_skipped_and_no_more_is_kept_than_a_second() -> None:
    line = Line()
    line.run([Came(n * TICK, n) for n in range(50)], 50 * TICK)
    for n in range(50, 200):  # nobody plays for three seconds
        line.put(Came(n * TICK, n))
    line.now = 200 * TICK
    numbers = heard(line.run([Came(n * TICK, n) for n in range(200, 240)], 250 * TICK))
    assert numbers == sorted(set(numbers))
    assert set(range(201, 241)) <= set(numbers)
    assert line.buffer.skipped >= 148 * TICK
