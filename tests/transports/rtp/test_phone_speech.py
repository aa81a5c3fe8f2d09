"""What is said over RTP arrives, whatever the network and the loop do to it."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest
import trio
import trio.testing
from anyio import create_task_group, current_time, sleep
from anyio.lowlevel import checkpoint

from voxpipe.pipeline.testing import run_virtual

from .calls import HERE, THERE, TICK, Call, Peer, Says, audio, lasts, with_peer
from .network import Network, correlation, quality, rough, speech

SAID = speech()


# --- speech


async def _between(network: Network, said: bytes) -> tuple[bytes, Call]:
    """What one phone of ours hears of what another says."""
    here = Call(network, HERE, lasts(1.0))
    there = Call(network, THERE, Says(said), remote=HERE, seed=2)
    async with create_task_group() as tasks:
        tasks.start_soon(here.run)
        await there.run()
        there.session.close()
        here.session.close()
    assert here.faults == there.faults == []
    return here.heard.data, here


def test_on_a_clean_line_speech_arrives_as_it_was() -> None:
    heard, call = run_virtual(_between, Network(), SAID)
    assert correlation(heard, SAID) >= 0.99  # all of it, at one delay
    assert call.session.incoming.concealer.concealed < 3 * TICK  # the very beginning


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_5_percent_lost_and_30_ms_of_jitter_it_can_be_understood(
    seed: int,
) -> None:
    network = Network(rough(0.05, 0.03, seed))
    heard, call = run_virtual(_between, network, SAID)
    alike, ratio, distance = quality(heard, SAID)
    assert alike > 0.95
    assert ratio > 3  # dB where packets were lost; of silence it is 0
    assert distance < 12  # dB; of silence some 30
    received = call.session.incoming.received
    assert received is not None
    lost = received.lost / (received.lost + received.packets)
    assert 0.02 < lost < 0.08
    assert call.session.incoming.buffer.late == 0


def test_packets_leave_every_20_ms_whatever_the_model_does() -> None:
    async def listen(call: Call, peer: Peer) -> None:
        await sleep(12.0)

    says = Says(SAID[:40_000], SAID[:400], SAID[400:8_000], after=1.003)
    call, _ = run_virtual(with_peer, listen, says)
    times = [time for time, _ in call.packets]
    steps = [after - before for before, after in pairwise(times)]
    assert steps == pytest.approx([0.02] * len(steps))
    packets = [packet for _, packet in call.packets]
    assert all(
        after.sequence == (before.sequence + 1) % 2**16
        and after.timestamp == (before.timestamp + TICK) % 2**32
        for before, after in pairwise(packets)
    )
    assert [packet.marker for packet in packets].count(True) == 1
    assert {len(packet.payload) for packet in packets} == {TICK}
    sent = audio(call.packets).strip(b"\xff")
    assert sent == (SAID[:40_000] + SAID[:8_000]).strip(b"\xff")


def test_what_is_cut_is_not_sent_but_for_the_packet_on_its_way() -> None:
    says = Says(SAID[8_000:48_000], lasts=30)
    cut: list[float] = []

    async def interrupt(call: Call, peer: Peer) -> None:
        await sleep(1.5)
        says.turns[0].cut()
        cut.append(current_time())
        await sleep(1.0)

    call, _ = run_virtual(with_peer, interrupt, says)
    packets = call.packets
    stale = [
        p for time, p in packets if time > cut[0] + 0.001 and p.payload.strip(b"\xff")
    ]
    assert len(stale) <= 1
    heard = says.turns[0].played
    assert heard == pytest.approx(1.5, abs=0.05)  # of it, by the ledger


# --- a loop that is busy with something else


async def _stalled(seconds: float, times: int, every: float = 0.9) -> Call:
    """The peer's packets arrive every 20 ms, whatever becomes of our loop."""

    def fate(data: bytes) -> tuple[float]:
        return (0.01 + 0.02 * int.from_bytes(data[2:4], "big"),)

    network = Network(fate)
    peer = Peer(network)
    call = Call(network, HERE, lasts(0))
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, trio.testing.MockClock)
    async with create_task_group() as tasks:
        tasks.start_soon(call.run)
        await sleep(0.001)
        for at in range(0, 80_000, TICK):
            peer.send(SAID[at : at + TICK])
        for _ in range(times):
            await sleep(every)
            clock.jump(seconds)
        await sleep(10.5 - times * (every + seconds))
        call.session.close()
    return call


def test_what_came_while_the_loop_was_busy_is_played_and_not_late() -> None:
    call = run_virtual(_stalled, 0.15, 8)
    assert call.session.incoming.buffer.late == 0
    assert correlation(call.heard.data, SAID[:80_000]) > 0.99


def test_a_loop_that_is_always_a_little_late_makes_nobody_wait() -> None:
    call = run_virtual(partial(_stalled, 0.035, 70, every=0.05))
    assert call.session.incoming.buffer.stretched == 0
    assert call.session.quality().jitter < 0.002  # seconds: it is not the network's


def test_after_a_second_in_which_the_loop_was_busy_we_are_on_time_again() -> None:
    call = run_virtual(_stalled, 1.0, 2)
    (began, first), *_, (ended, last) = call.packets
    passed = (last.timestamp - first.timestamp) % 2**32 / 8_000
    assert passed == pytest.approx(ended - began, abs=0.021)
    moments = [round(time, 4) for time, _ in call.packets]
    assert max(moments.count(moment) for moment in set(moments)) <= 12


def test_the_last_word_is_whole_though_the_loop_was_busy_in_its_midst() -> None:
    async def run() -> Call:
        network = Network()
        Peer(network)
        call = Call(network, HERE, Says(SAID[8_000:24_000]))
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, trio.testing.MockClock)
        async with create_task_group() as tasks:
            tasks.start_soon(call.run)
            await sleep(1.7)
            for _ in range(20):  # each round of the loop takes 100 ms
                clock.jump(0.1)
                await checkpoint()
        call.session.close()
        return call

    packets = run_virtual(run).packets
    assert audio(packets).strip(b"\xff") == SAID[8_000:24_000].strip(b"\xff")
