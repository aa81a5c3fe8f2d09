"""Who is heard over RTP and when: holds, moves, strangers and rubbish."""

from __future__ import annotations

from itertools import pairwise

import pytest
from anyio import create_task_group, current_time, sleep, sleep_until

from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.rtp.law import translation

from .calls import HERE, THERE, TICK, ULAW, Call, Peer, Says, audio, lasts, with_peer
from .network import correlation, speech

SAID = speech()


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
