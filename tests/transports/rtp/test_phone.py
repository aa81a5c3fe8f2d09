"""A call over RTP as its pipeline sees it, in virtual time."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import trio
import trio.testing
from anyio import create_task_group, current_time, sleep, sleep_until

from voxpipe.pipeline import Input, Pipeline, Processor, Usage
from voxpipe.pipeline.testing import Source, run_virtual
from voxpipe.transports.rtp import RtpPacket, RtpPhone
from voxpipe.transports.rtp.events import Event, parse_event
from voxpipe.transports.rtp.law import translation
from voxpipe.transports.rtp.rtcp import Bye, Report

from .calls import HERE, THERE, TICK, ULAW, Call, Peer, Says, audio, with_peer
from .network import Network, correlation, quality, rough, samples, speech

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


def lasts(seconds: float) -> Says:
    return Says(lasts=seconds + 60)


def test_on_a_clean_line_speech_arrives_as_it_was() -> None:
    heard, call = run_virtual(_between, Network(), SAID)
    assert correlation(heard, SAID) >= 0.99  # all of it, at one delay
    assert call.session.incoming.concealer.concealed < 3 * TICK  # the very beginning


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


# --- keys


def test_keys_are_heard_once_in_the_midst_of_speech() -> None:
    async def press(call: Call, peer: Peer) -> None:
        await peer.speak(SAID[:8_000])
        for code in (1, 10, 15):
            begin = peer.number
            for duration in (160, 320, 320, 320):
                event = Event(code, duration == 320, 10, duration).pack()
                packet = RtpPacket(101, peer.number % 2**16, begin * TICK, 77, event)
                peer.number += 1
                peer.wire.send(packet.pack(), HERE)
                await sleep(0.02)
        await peer.speak(SAID[8_000:16_000])
        await sleep(0.5)

    call, _ = run_virtual(with_peer, press, lasts(0))
    assert call.keys == "1*D"
    assert call.faults == []


def test_keys_are_pressed_as_events_before_what_waits_to_be_said() -> None:
    async def listen(call: Call, peer: Peer) -> None:
        await sleep(0.5)
        call.phone.press("1,#")
        await sleep(8)

    says = Says(SAID[:24_000], lasts=30)
    call, _ = run_virtual(with_peer, listen, says)
    packets = call.packets
    events = [
        (t, p, parse_event(p.payload)) for t, p in packets if p.payload_type == 101
    ]
    assert [event.code for _, _, event in events] == [1] * 8 + [11] * 8
    assert sum(event.is_end for _, _, event in events) == 6
    assert len({packet.timestamp for _, packet, _ in events}) == 2
    assert (
        events[0][0] - call.packets[0][0] <= 0.5 + 0.1 + 0.25 + 0.04
    )  # the lead, and a delta
    sent = audio(packets).replace(b"\xff", b"")
    assert sent == SAID[:24_000].replace(b"\xff", b"")  # no word is missing


def test_to_a_peer_that_takes_no_events_keys_are_tones() -> None:
    async def listen(call: Call, peer: Peer) -> None:
        call.phone.press("5")
        await sleep(1)

    call, _ = run_virtual(partial(with_peer, listen, lasts(0), events=None))
    packets = call.packets
    assert {packet.payload_type for _, packet in packets} == {0}
    spectrum = abs(np.fft.rfft(samples(audio(packets)), 8_000))
    loudest = sorted(spectrum.argsort()[-20:])
    assert {round(each / 20) * 20 for each in loudest} >= {780, 1_340}


@pytest.mark.parametrize("keys", ["x", "1" * 129])
def test_keys_that_cannot_be_pressed_are_refused(keys: str) -> None:
    async def press(call: Call, peer: Peer) -> None:
        with pytest.raises(ValueError, match="keys"):
            call.phone.press(keys)

    run_virtual(with_peer, press, lasts(0))


# --- hold, and a call that is set up anew


def test_on_hold_what_is_said_waits_and_goes_on_where_it_was() -> None:
    async def hold(call: Call, peer: Peer) -> None:
        await sleep(1.0)
        call.session.connect(THERE, "PCMU", 101, "inactive")
        await sleep(40.0)
        assert current_time() - call.phone.heard_at < 1  # it is no dead line
        assert call.session.outgoing.waiting <= 4_000  # nothing piles up
        assert says.turns[0].played < 1.5
        call.session.connect(THERE, "PCMU", 101, "sendrecv")
        await sleep(6.0)

    says = Says(SAID[:40_000], lasts=90)
    call, _ = run_virtual(with_peer, hold, says)
    packets = call.packets
    assert audio(packets).strip(b"\xff") == SAID[:40_000].strip(b"\xff")
    gaps = [b[0] - a[0] for a, b in pairwise(packets)]
    assert max(gaps) == pytest.approx(40.0, abs=0.03)
    after = packets[gaps.index(max(gaps)) + 1][1]
    before = packets[gaps.index(max(gaps))][1]
    assert after.marker
    passed = (after.timestamp - before.timestamp) % 2**32
    assert passed == pytest.approx(max(gaps) * 8_000, abs=TICK)


def test_on_hold_the_agent_hears_silence_and_no_stale_word() -> None:
    async def hold(call: Call, peer: Peer) -> None:
        await peer.speak(SAID[:16_000])
        call.session.connect(THERE, "PCMU", 101, "sendonly")
        await peer.speak(SAID[16_000:32_000])
        await sleep(1.0)

    call, _ = run_virtual(with_peer, hold, lasts(0))
    assert set(call.heard.data[-20_000:]) == {0xFF}


def test_a_peer_that_moves_and_changes_its_law_is_followed() -> None:
    to_alaw = translation("ulaw", "alaw")

    async def move(call: Call, peer: Peer) -> None:
        await peer.speak(SAID[:16_000])
        call.session.connect(("203.0.113.5", 30_000), "PCMA", 96, "sendrecv")
        moved = Peer(peer.network, ("203.0.113.5", 30_000))
        moved.number, moved.ssrc = peer.number, peer.ssrc
        await moved.speak(SAID[16_000:40_000].translate(to_alaw), kind=8)
        await sleep(0.2)
        found = moved.heard()
        assert {packet.payload_type for _, packet in found} == {8}
        assert b"\xd5" * TICK in [packet.payload for _, packet in found]

    call, _ = run_virtual(with_peer, move, lasts(0))
    assert call.phone.format == ULAW
    assert correlation(call.heard.data, SAID[:40_000]) > 0.99


# --- who sends


def test_another_source_is_dropped_and_told_once() -> None:
    async def intrude(call: Call, peer: Peer) -> None:
        stranger = Peer(peer.network, ("203.0.113.66", 20_000))
        await peer.speak(SAID[:1_600])
        async with create_task_group() as tasks:
            tasks.start_soon(stranger.speak, b"\x00" * 32_000)
            tasks.start_soon(peer.speak, SAID[1_600:33_600])
        stranger.control.send(b"rubbish", (HERE[0], HERE[1] + 1))
        await sleep(0.2)
        assert stranger.heard() == []

    call, _ = run_virtual(with_peer, intrude, lasts(0))
    assert len(call.faults) == 1
    assert "another source" in call.faults[0]
    assert call.session.strangers == 201
    assert correlation(call.heard.data, SAID[:33_600]) > 0.99


def test_we_answer_to_where_the_peer_sends_from() -> None:
    async def from_another_port(call: Call, peer: Peer) -> None:
        mapped = Peer(peer.network, (THERE[0], 44_444))
        await mapped.speak(SAID[:16_000])
        assert call.session.peer == (THERE[0], 44_444)
        assert len(mapped.heard()) > 80

    run_virtual(with_peer, from_another_port, lasts(0))


@pytest.mark.parametrize("jump", [40_000, -20])
def test_another_ssrc_takes_over_with_its_second_packet(jump: int) -> None:
    async def change(call: Call, peer: Peer) -> None:
        await peer.speak(SAID[:8_000])
        peer.ssrc, peer.number = 99, peer.number + jump
        await peer.speak(SAID[8_000:24_000])
        await sleep(0.3)

    call, _ = run_virtual(with_peer, change, lasts(0))
    assert call.session.incoming.sources == 2
    assert correlation(call.heard.data[8_000:], SAID[8_160:24_000]) > 0.98


def test_rubbish_from_the_peer_is_reported_and_the_call_goes_on() -> None:
    async def ramble(call: Call, peer: Peer) -> None:
        await peer.speak(SAID[:8_000])
        for data in (b"", b"x" * 1_600, b"\x00" * 20, b"\x90" + bytes(11)):
            peer.wire.send(data, HERE)
        for kind, payload in ((18, bytes(33)), (0, b""), (101, b"\x01"), (13, b"\x40")):
            peer.send(payload, kind=kind)  # of 13, comfort noise, nothing is wrong
            await sleep(0.02)
        peer.control.send(b"\x80\xc9", (HERE[0], HERE[1] + 1))
        await peer.speak(SAID[8_000:16_000])
        await sleep(0.3)

    call, _ = run_virtual(with_peer, ramble, lasts(0))
    assert len(call.faults) == 8
    assert all("expected" in fault for fault in call.faults)
    assert correlation(call.heard.data[9_000:], SAID[8_000:16_000]) > 0.98


def test_a_flood_of_the_peers_keeps_no_more_than_a_call_and_the_pace() -> None:
    async def flood(call: Call, peer: Peer) -> None:
        begin = current_time()
        for at in range(250):
            await sleep_until(begin + at * 0.02)
            for _ in range(400):  # twenty times as many as we look at
                peer.send(b"\x55" * TICK)

    call, _ = run_virtual(with_peer, flood, lasts(0))
    times = [time for time, _ in call.packets]
    steps = [after - before for before, after in pairwise(times)]
    assert max(steps) == pytest.approx(0.02)
    received = call.session.incoming.received
    assert received is not None
    assert received.packets <= 251 * 101


# --- a loop that is busy with something else


async def _stalled(seconds: float, times: int) -> Call:
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
            await sleep(0.9)
            clock.jump(seconds)
        await sleep(10.5 - times * (0.9 + seconds))
        call.session.close()
    return call


def test_what_came_while_the_loop_was_busy_is_played_and_not_late() -> None:
    call = run_virtual(_stalled, 0.15, 8)
    assert call.session.incoming.buffer.late == 0
    assert correlation(call.heard.data, SAID[:80_000]) > 0.99


def test_after_a_second_in_which_the_loop_was_busy_we_are_on_time_again() -> None:
    call = run_virtual(_stalled, 1.0, 2)
    (began, first), *_, (ended, last) = call.packets
    passed = (last.timestamp - first.timestamp) % 2**32 / 8_000
    assert passed == pytest.approx(ended - began, abs=0.021)
    moments = [round(time, 4) for time, _ in call.packets]
    assert max(moments.count(moment) for moment in set(moments)) <= 12


# --- ends


def test_hung_up_the_last_word_is_sent_before_the_call_is_over() -> None:
    async def run() -> tuple[Call, list[float]]:
        network = Network()
        Peer(network)
        call = Call(network, HERE, Says(SAID[:20_000]))
        call.phone.hang_up()
        await call.run()
        over = current_time()
        call.session.close()
        return call, [over]

    call, over = run_virtual(run)
    packets = call.packets
    assert audio(packets).strip(b"\xff") == SAID[:20_000].strip(b"\xff")
    assert call.phone.ended == "agent"
    assert call.phone.replies == 1
    last = max(time for time, packet in packets if packet.payload.strip(b"\xff"))
    assert over[0] - last >= 0.15  # that long it may lie in the peer's buffer


def test_a_dialog_that_closes_the_session_ends_the_call_as_the_callers() -> None:
    async def nothing(call: Call, peer: Peer) -> None:
        await sleep(1.0)

    call, peer = run_virtual(with_peer, nothing, Says(SAID, lasts=60))
    assert call.phone.ended == "caller"
    assert any(isinstance(item, Bye) for item in call.reports[-1])
    assert peer.network.wires[HERE].is_closed


def test_a_closed_session_carries_no_call_and_closes_once() -> None:
    async def run() -> None:
        network = Network()
        call = Call(network, HERE, lasts(0))
        call.session.close()
        call.session.close()
        await call.run()
        assert call.phone.ended == "caller"

    run_virtual(run)


def test_disconnected_by_us_the_call_is_over_at_once() -> None:
    async def run() -> None:
        network = Network()
        call, began = Call(network, HERE, Says(SAID)), current_time()
        async with create_task_group() as tasks:
            tasks.start_soon(call.run)
            await sleep(1.0)
            await call.phone.disconnect()
        assert call.phone.ended == "agent"
        assert call.ended_at - began == pytest.approx(1.0)
        call.session.close()

    run_virtual(run)


# --- what is known of the line


def test_reports_tell_what_was_lost_and_how_far_the_peer_is() -> None:
    async def run() -> tuple[Call, Call]:
        network = Network(rough(0.1, 0.02, 5))
        here = Call(network, HERE, lasts(0))
        there = Call(network, THERE, Says(SAID, SAID), remote=HERE, seed=2)
        async with create_task_group() as tasks:
            tasks.start_soon(here.run)
            await there.run()
            there.session.close()
            here.session.close()
        return here, there

    here, there = run_virtual(run)
    for call in (here, there):
        received = call.session.incoming.received
        assert received is not None
        assert received.round_trip == pytest.approx(0.02, abs=0.002)
    line = here.session.quality()
    assert line.lost > 50
    assert line.packets + line.lost == pytest.approx(1_462, abs=20)
    assert line.concealed == pytest.approx(line.lost * 0.02, rel=0.5)
    assert 0.04 <= line.delay <= 0.1
    reports = here.reports
    blocks = [
        block
        for items in reports
        for item in items
        if isinstance(item, Report)
        for block in item.blocks
    ]
    assert len(reports) >= 5
    assert blocks[-1].lost > 50
    assert 10 <= blocks[-1].fraction <= 50  # of 256
    assert 20 <= blocks[-1].jitter <= 160  # samples


def test_a_peer_that_has_gone_silent_is_known_by_when_it_was_heard() -> None:
    async def fall_silent(call: Call, peer: Peer) -> None:
        await peer.speak(SAID[:8_000])
        said = current_time()
        await sleep(20.0)
        assert call.phone.heard_at == pytest.approx(said, abs=0.05)
        # RTCP alone tells that the line lives.
        peer.control.send(bytes.fromhex("80c9000100000001"), (HERE[0], HERE[1] + 1))
        await sleep(0.2)
        assert current_time() - call.phone.heard_at < 0.3

    call, _ = run_virtual(with_peer, fall_silent, lasts(0))
    assert set(call.heard.data[-80_000:]) == {0xFF}  # a VAD hears the end of a turn


def test_a_listener_that_is_slow_holds_up_nobody() -> None:
    class Slow(Processor):
        input = Input[object]()

        async def run(self) -> None:
            async for _ in self.input:
                await sleep(1.0)

    async def run() -> RtpPhone:
        network = Network()
        peer = Peer(network)
        session = network.session(HERE)
        session.connect(THERE, "PCMU", 101, "sendrecv")
        phone = RtpPhone(session, id="1", caller="", called="")
        says = Says(SAID[:16_000], lasts=20)
        packets: list[tuple[float, RtpPacket]] = []
        async with create_task_group() as tasks:
            pipeline = Pipeline(
                phone.heard >> Slow().input, says.output >> phone.speaks
            )
            tasks.start_soon(pipeline.run)
            await peer.speak(SAID[:80_000])
            packets += peer.heard()
            session.close()
            tasks.cancel_scope.cancel()
        assert audio(packets).strip(b"\xff") == SAID[:16_000].strip(b"\xff")
        return phone

    phone = run_virtual(run)
    assert phone.missed > 100
    assert phone.fault_count == phone.missed


def test_what_is_charged_is_added_up() -> None:
    async def run() -> RtpPhone:
        network = Network()
        session = network.session(HERE)
        session.connect(THERE, "PCMU", None, "sendrecv")
        phone = RtpPhone(session, id="1", caller="", called="")
        bills = Source([Usage(kind="reply", cost_usd=cost) for cost in (0.25, 0.5)])
        await Pipeline(
            Says(SAID[:800]).output >> phone.speaks, bills.output >> phone.charges
        ).run()
        session.close()
        return phone

    assert run_virtual(run).cost_usd == 0.75
