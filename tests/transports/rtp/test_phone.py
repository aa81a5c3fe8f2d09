"""A call over RTP as its pipeline sees it, in virtual time."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import Input, Pipeline, Processor, Usage
from voxpipe.pipeline.testing import Source, run_virtual
from voxpipe.transports.rtp import RtpPacket, RtpPhone
from voxpipe.transports.rtp.events import Event, parse_event
from voxpipe.transports.rtp.rtcp import Bye, Report, pack

from .calls import HERE, THERE, TICK, Call, Peer, Says, audio, lasts, with_peer
from .network import Network, rough, samples, speech

SAID = speech()


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


def test_a_line_on_which_nothing_comes_for_30_seconds_is_lost() -> None:
    async def fall_silent(call: Call, peer: Peer) -> None:
        await peer.speak(SAID[:8_000])
        await sleep(31)
        assert call.phone.ended == "lost"
        assert call.ended_at == pytest.approx(31.0, abs=0.1)
        assert not call.session.is_closed  # which is its owner's

    run_virtual(with_peer, fall_silent)


def test_a_peer_whose_machine_says_that_it_is_gone_is_lost_after_5_seconds() -> None:
    async def die(call: Call, peer: Peer) -> None:
        await peer.speak(SAID[:8_000])
        peer.network.wires[HERE].refusals += 1  # one alone may be somebody's lie:
        await peer.speak(SAID[8_000:80_000])  # it is heard
        assert not call.ended_at
        peer.network.wires[HERE].refusals += 1
        await sleep(6)
        assert call.phone.ended == "lost"
        assert call.ended_at == pytest.approx(15, abs=0.1)

    run_virtual(with_peer, die)


def test_a_peer_that_says_goodbye_by_rtcp_and_is_silent_has_hung_up() -> None:
    async def part(call: Call, peer: Peer) -> None:
        goodbye = pack([Report(peer.ssrc), Bye((peer.ssrc,))])
        await peer.speak(SAID[:8_000])
        peer.control.send(goodbye, (HERE[0], HERE[1] + 1))
        await peer.speak(SAID[8_000:40_000])  # it has not meant it
        assert not call.ended_at
        peer.control.send(goodbye, (HERE[0], HERE[1] + 1))
        await sleep(3)
        assert call.phone.ended == "caller"
        assert call.ended_at == pytest.approx(7, abs=0.1)

    run_virtual(with_peer, part)


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
