"""A jitter buffer: packets in, in whatever order; 20 ms of samples out, at each tick.

A ring of one second of samples stands under a playhead that moves by 160 of them with
each tick. A packet lies where its timestamp says, so that no order of arrival and no
length of packet matters, nothing is played twice, and nothing grows.

How late it plays follows Moon, Kurose and Towsley, "Packet audio playout delay
adjustment" (1998): *transit* is when a packet came less its timestamp; the delay is
the 99th percentile of the last five seconds' transits above the least of them, 20 ms
at least and 200 at most. It grows as soon as that does, by a tick that is made up, for
what comes too late is lost; it shrinks in pauses only, by a tick of quiet that is left
out. Clocks that drift apart, and routes that change, move the transits, and so it.

The time is an argument, in samples. No I/O.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from typing import Final

from .law import RATE, TICK
from .packet import ahead_16, ahead_32

RING: Final = RATE  # samples: one second
WINDOW: Final = 250  # packets, of 20 ms five seconds
LEAST, MOST = 320, 1_600  # samples of delay: 40 ms, also at first, and 200 ms
MARGIN: Final = 40  # samples, 5 ms: what the next packets may be later than those
ENOUGH: Final = 50  # packets, a second, before the delay shrinks
SLACK: Final = 240  # samples, 30 ms, of delay that nobody minds
TOO_EARLY: Final = MOST + 2 * TICK  # samples that a packet may have to wait
TOO_LATE: Final = RATE  # samples; it is of another timeline
LATE_FOR: Final = RATE // 5  # samples in which all were late: the timeline has moved
SEEN: Final = 64  # packets back that a repeated one is known by

_NONE: Final = bytes(TICK)
_ALL: Final = b"\x01" * TICK


class JitterBuffer:
    """One stream of one sender.

    Args:
        silence: the code that stands for it.
        is_quiet: whether a tick of codes may be left out unnoticed.

    Attributes:
        late: packets that came after their moment, and were not played.
        duplicates: those that were there already.
        strayed: those of no timeline, of which the next was none either.
        restarts: how often the timeline has jumped.
        stretched: ticks that were made up, for the delay to grow.
        skipped: samples that were left out, for it to shrink, or as nobody listened.
    """

    def __init__(self, silence: int, is_quiet: Callable[[bytes], bool]) -> None:
        self._silence = bytes([silence])
        self._is_quiet = is_quiet
        self.late = self.duplicates = self.strayed = 0
        self.restarts = self.stretched = self.skipped = 0
        self._codes = bytearray(RING)
        self._there = bytearray(RING)  # 1 where a code is to be played
        self._ticked: int | None = None  # when it last did
        self.clear()

    def clear(self) -> None:
        """Forget all: another sender's stream begins."""
        self._there[:] = bytes(RING)
        self._next: int | None = None  # the timestamp under the playhead, unwrapped
        self._shift = 0  # from timestamps to the time when they are played
        self._highest = 0  # of the sequence numbers
        self._seen = 0  # a bit for each up to it, which is the lowest
        self._end = 0  # the timestamp behind the packet that has it
        self._stray: int | None = None  # the last one's sequence number
        self._late_at: int | None = None  # since when all are
        self._transits: deque[int] = deque(maxlen=WINDOW)
        self._sorted: list[int] = []  # the same

    @property
    def delay(self) -> float:
        """Seconds that the fastest packet waits."""
        return (self._shift - self._sorted[0]) / RATE if self._sorted else 0.0

    def note(self, sequence: int) -> None:
        """A packet without audio has come: the audio before and after has no gap."""
        if self._next is not None:
            self._see(sequence)

    def put(
        self,
        sequence: int,
        timestamp: int,
        codes: bytes,
        now: int,
        *,
        is_timely: bool = True,
    ) -> None:
        """A packet has come.

        Args:
            sequence: of its header.
            timestamp: likewise.
            codes: the payload.
            now: when it came, in samples, on the clock of `play`.
            is_timely: we were. What makes us late may be the whole machine, and who
                sends to us, too: nothing is learned of the network then.
        """
        if self._next is None:
            begin = self._begin(sequence, timestamp, now)
        else:
            begin = self._next + ahead_32(timestamp, self._next & 0xFFFF_FFFF)
        transit = now - begin
        wait = self._shift - transit
        behind = -ahead_16(sequence, self._highest)
        if not -TOO_LATE <= wait <= TOO_EARLY or behind >= SEEN or len(codes) > MOST:
            # RFC 3550, A.1: one such packet is an accident, two in order a new start.
            if self._stray is not None and ahead_16(sequence, self._stray) == 1:
                self._put_anew(sequence, timestamp, codes, now)
            else:
                self.strayed += 1
                self._stray = sequence
            return
        self._stray = None
        if self._see(sequence):
            self.duplicates += 1
        elif self._write(sequence, begin, codes, now, -behind) and is_timely:
            self._remember(transit)

    def _put_anew(self, sequence: int, timestamp: int, codes: bytes, now: int) -> None:
        """The timeline has jumped: a packet begins it, and those before it are over."""
        self.restarts += 1
        self.clear()
        self.put(sequence, timestamp & 0xFFFF_FFFF, codes, now)

    def _see(self, sequence: int) -> bool:
        """Remember that it has come; whether it had before."""
        ahead = ahead_16(sequence, self._highest)
        if ahead > 0:
            self._highest = sequence
            self._seen = (self._seen << min(ahead, SEEN) | 1) & (1 << SEEN) - 1
            return False
        bit = 1 << -ahead & (1 << SEEN) - 1
        was = bool(self._seen & bit)
        self._seen |= bit
        return was

    def _begin(self, sequence: int, timestamp: int, now: int) -> int:
        # Unwrapped from far above zero, so that no timestamp before it is negative.
        begin = timestamp + (1 << 32)
        grid = now - TICK if self._ticked is None else self._ticked
        shift = now - begin + LEAST
        # Packets of 20 ms begin where ticks do: one that is lost spoils one of them.
        self._shift = shift + (grid - begin - shift) % TICK
        self._next = grid + TICK - self._shift
        self._highest, self._end = sequence - 1 & 0xFFFF, begin
        return begin

    def _write(
        self, sequence: int, begin: int, codes: bytes, now: int, ahead: int
    ) -> bool:
        assert self._next is not None
        end = begin + len(codes)
        if end > self._next + RING:  # nobody has played for so long
            self._skip(end - self._next - RING)
        if ahead == 1 and begin > self._end:
            # None is missing in between: they were silent, and have sent nothing.
            quiet = max(self._next, self._end)
            self._lay(quiet, self._silence * (begin - quiet))
        self._end = max(self._end, end)
        if end <= self._next:
            self.late += 1
            # Only the newest tell of a new timeline: others were overtaken.
            return ahead <= 0 or self._is_late(sequence, begin, codes, now)
        if ahead > 0:
            self._late_at = None
        if begin < self._next:
            codes, begin = codes[self._next - begin :], self._next
        self._lay(begin, codes)
        return True

    def _is_late(self, sequence: int, begin: int, codes: bytes, now: int) -> bool:
        if self._late_at is None:
            self._late_at = now
        elif now - self._late_at >= LATE_FOR:
            self._put_anew(sequence, begin, codes, now)
            return False
        return True

    def _lay(self, begin: int, codes: bytes) -> None:
        at, size = begin % RING, len(codes)
        first = min(size, RING - at)
        self._codes[at : at + first] = codes[:first]
        self._codes[: size - first] = codes[first:]
        self._there[at : at + first] = b"\x01" * first
        self._there[: size - first] = b"\x01" * (size - first)

    def _remember(self, transit: int) -> None:
        if len(self._transits) == WINDOW:
            del self._sorted[bisect_left(self._sorted, self._transits[0])]
        self._transits.append(transit)
        insort(self._sorted, transit)

    # --- playing

    def play(self, now: int) -> tuple[bytes, bytes]:
        """The next tick.

        Args:
            now: when it was due, in samples: ticks that were left out are skipped.

        Returns:
            160 codes, and for each whether it has come: a byte of 1, or 0.
        """
        self._ticked = now
        if self._next is None:
            return self._silence * TICK, _NONE
        due = now - self._shift
        if due > self._next:
            self._skip(due - self._next)
        if self._sorted:
            wanted = self._wanted()
            if wanted > self._shift:
                self._shift += TICK
                self.stretched += 1
                return self._silence * TICK, _NONE
            if self._shift - wanted >= SLACK and len(self._sorted) >= ENOUGH:
                codes, there = self._peek()
                if not any(there) or (there == _ALL and self._is_quiet(codes)):
                    self._shift -= TICK
                    self._skip(TICK)
        codes, there = self._peek()
        self._clear(TICK)
        return codes, there

    def _wanted(self) -> int:
        least, size = self._sorted[0], len(self._sorted)
        spread = self._sorted[min(size - 1, size * 99 // 100)] - least + MARGIN
        return least + min(max(spread, LEAST), MOST)

    def _peek(self) -> tuple[bytes, bytes]:
        assert self._next is not None
        at = self._next % RING
        end = at + TICK
        if end <= RING:
            return bytes(self._codes[at:end]), bytes(self._there[at:end])
        return (
            bytes(self._codes[at:] + self._codes[: end - RING]),
            bytes(self._there[at:] + self._there[: end - RING]),
        )

    def _skip(self, samples: int) -> None:
        self.skipped += samples
        self._clear(samples)

    def _clear(self, samples: int) -> None:
        assert self._next is not None
        at, size = self._next % RING, min(samples, RING)
        first = min(size, RING - at)
        self._there[at : at + first] = bytes(first)
        self._there[: size - first] = bytes(size - first)
        self._next += samples
