"""A network on demand: what it takes, by arithmetic."""

from __future__ import annotations

import pytest
from anyio import BrokenResourceError, EndOfStream, create_task_group, current_time
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.bench import Network
from voxpipe.bench.carriage import Carriage
from voxpipe.bench.network import RETRANSMISSION, Road
from voxpipe.pipeline import ConfigurationError
from voxpipe.pipeline.testing import run_virtual

networks = st.builds(
    Network,
    latency=st.floats(0, 500),
    jitter=st.floats(0, 500),
    loss=st.floats(0, 0.5),
    bandwidth=st.one_of(st.just(0.0), st.floats(8_000, 1e7)),
)


@given(networks, st.lists(st.tuples(st.floats(0, 0.1), st.integers(0, 5_000))))
def test_nothing_arrives_early_or_overtakes(
    network: Network, sent: list[tuple[float, int]]
) -> None:
    road, now, last = Road(network), 0.0, 0.0
    for pause, size in sent:
        now += pause
        arrives = road.arrival(now, size)
        assert arrives >= now + network.latency / 1000 - 1e-9
        assert arrives >= last
        last = arrives


def test_what_is_lost_comes_late_and_holds_up_what_is_behind() -> None:
    road = Road(Network(loss=0.3), seed=2)
    arrivals = [road.arrival(at / 50, 100) for at in range(100)]

    late = [arrives - at / 50 for at, arrives in enumerate(arrivals)]
    assert max(late) >= RETRANSMISSION
    assert min(late) == 0
    assert arrivals == sorted(arrivals)


def test_a_narrow_way_takes_its_time_for_each_byte() -> None:
    road = Road(Network(bandwidth=8_000))  # 1,000 bytes a second

    assert road.arrival(0.0, 500) == pytest.approx(0.5)
    assert road.arrival(0.0, 500) == pytest.approx(1.0)
    assert road.arrival(5.0, 500) == pytest.approx(5.5)


def test_a_network_is_written_as_on_the_command_line() -> None:
    assert Network.of("latency=40,jitter=10 loss=2%, bandwidth=64k") == Network(
        latency=40, jitter=10, loss=0.02, bandwidth=64_000
    )


@pytest.mark.parametrize("text", ["", "40", "latency", "late=3", "loss=150%", "loss=x"])
def test_anything_else_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Network.of(text)


def test_messages_are_carried_in_order_and_so_is_the_end() -> None:
    async def carried() -> list[str]:
        carriage = Carriage[str](Road(Network(latency=100)))
        for each in "abc":
            await carriage.send(each)
        came = [await carriage.receive() for _ in "abc"]
        await carriage.end(EndOfStream())
        with pytest.raises(EndOfStream):
            await carriage.receive()
        carriage.close()
        with pytest.raises(BrokenResourceError):
            await carriage.send("d")
        return came

    assert run_virtual(carried) == ["a", "b", "c"]


def test_what_ends_the_way_from_which_messages_come_ends_this_one_behind_them() -> None:
    left = ["a", "b"]

    async def take() -> str:
        if not left:
            raise EndOfStream
        return left.pop(0)

    async def carried() -> list[str]:
        carriage = Carriage[str](Road(Network(latency=50)))
        came = list[str]()
        async with create_task_group() as tasks:
            tasks.start_soon(carriage.collect, take)
            came = [await carriage.receive() for _ in "ab"]
            with pytest.raises(EndOfStream):
                await carriage.receive()
        assert current_time() >= 0.05
        carriage.close()
        return came

    assert run_virtual(carried) == ["a", "b"]
