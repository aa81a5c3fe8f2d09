"""Even pieces take a shorter way, and come out as on the long one, bit for bit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from voxpipe.processors.audio.polyphase import Polyphase

RATES = [(8_000, 24_000), (24_000, 8_000), (16_000, 24_000), (48_000, 16_000)]


def noise(size: int, seed: int) -> NDArray[np.int16]:
    generator = np.random.default_rng(seed)
    return generator.integers(-32_768, 32_768, size).astype(np.int16)


def in_pieces(rates: tuple[int, int], samples: NDArray[np.int16], *sizes: int) -> bytes:
    stream, at, out = Polyphase(*rates, 1), 0, list[bytes]()
    for size in sizes:
        out.append(stream.feed(samples[at : at + size]))
        at += size
    return b"".join([*out, stream.flush()])


@given(
    st.sampled_from(RATES),
    st.lists(st.sampled_from([160, 320, 480, 6_000, 1, 7, 48]), min_size=1, max_size=8),
    st.integers(0, 99),
)
def test_even_and_odd_pieces_make_the_same_stream(
    rates: tuple[int, int], sizes: list[int], seed: int
) -> None:
    samples = noise(sum(sizes), seed)
    one_by_one = [1] * len(samples) if len(samples) < 500 else [499, len(samples) - 499]
    expected = in_pieces(rates, samples, *one_by_one)
    assert in_pieces(rates, samples, *sizes) == expected


def test_two_streams_of_a_thread_do_not_disturb_each_other() -> None:
    first, second = noise(1_600, 1), noise(1_600, 2)
    one, other = Polyphase(8_000, 24_000, 1), Polyphase(8_000, 24_000, 1)
    made = [b"", b""]
    for at in range(0, 1_600, 160):
        made[0] += one.feed(first[at : at + 160])
        made[1] += other.feed(second[at : at + 160])
    assert made[0] == Polyphase(8_000, 24_000, 1).feed(first)
    assert made[1] == Polyphase(8_000, 24_000, 1).feed(second)


@pytest.mark.parametrize("rates", RATES)
def test_streams_in_other_threads_have_arrays_of_their_own(
    rates: tuple[int, int],
) -> None:
    def convert(seed: int) -> bool:
        samples = noise(48_000, seed)
        pieces = [480] * 100
        return in_pieces(rates, samples, *pieces) == in_pieces(rates, samples, 48_000)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(convert, range(8)))
