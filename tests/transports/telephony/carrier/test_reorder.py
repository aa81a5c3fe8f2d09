"""Numbered pieces are put right within a bound, and nothing waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.carrier.reorder import HELD, JUMP, Reorder


def fed(numbers: list[int], held: int = HELD) -> tuple[list[int], Reorder[int]]:
    order = Reorder[int](held)
    return [each for number in numbers for each in order.feed(number, number)], order


@st.composite
def shuffled(draw: st.DrawFn) -> list[int]:
    """Numbers in which each comes at most three places late, and some come again."""
    count = draw(st.integers(1, 60))
    late = draw(st.lists(st.integers(0, HELD), min_size=count, max_size=count))
    late[0] = 0  # with which the stream begins
    numbers = sorted(range(count), key=lambda n: (n + late[n], -late[n]))
    again = draw(st.lists(st.integers(0, count - 1), max_size=10))
    for at in again:
        numbers.insert(at + 1 + numbers.index(numbers[at]), numbers[at])
    return numbers


@given(st.integers(0, 10**9), st.integers(1, 200))
def test_what_comes_in_order_does_not_wait(first: int, count: int) -> None:
    order = Reorder[int]()
    for number in range(first, first + count):
        assert order.feed(number, number) == [number]
    assert order.lost == order.dropped == 0


@given(st.permutations(range(1, HELD + 1)), st.integers(0, 5))
def test_what_is_late_by_no_more_than_the_bound_is_put_right(
    late: list[int], base: int
) -> None:
    numbers = [base, *(base + each for each in late), base + HELD + 1]
    got, order = fed(numbers)
    assert got == list(range(base, base + HELD + 2))
    assert order.lost == order.dropped == 0


@given(shuffled())
def test_whatever_the_order_each_comes_once_and_none_backwards(
    numbers: list[int],
) -> None:
    got, order = fed(numbers)
    assert got == sorted(set(got))
    assert len(numbers) - len(got) <= order.lost + order.dropped + HELD
    assert order.lost <= HELD * len(numbers)


@given(st.lists(st.integers(-5, 3_000), max_size=100))
def test_nothing_is_kept_beyond_the_bound_whatever_comes(numbers: list[int]) -> None:
    order = Reorder[int]()
    given_back = 0
    for number in numbers:
        given_back += len(order.feed(number, number))
        assert given_back + order.dropped <= len(numbers)
    assert len(numbers) - given_back - order.dropped <= HELD


def test_one_that_is_missing_is_given_up_when_three_wait_and_another_comes() -> None:
    order = Reorder[int]()
    assert order.feed(1, 1) == [1]
    assert [order.feed(n, n) for n in (3, 4, 5)] == [[], [], []]
    assert order.lost == 0
    assert order.feed(6, 6) == [3, 4, 5, 6]
    assert order.lost == 1
    assert order.feed(2, 2) == []  # too late
    assert (order.feed(7, 7), order.dropped) == ([7], 1)


def test_what_comes_twice_is_dropped() -> None:
    got, order = fed([1, 1, 3, 3, 2, 2, 3])
    assert got == [1, 2, 3]
    assert order.dropped == 4


def test_a_number_from_nowhere_costs_nothing_but_itself() -> None:
    far = 10 + JUMP + 5
    got, order = fed([10, 11, far, 12, 13])
    assert got == [10, 11, far, 12, 13]
    assert order.lost == order.dropped == 0
