"""What a person hears and says, at a page with a loudspeaker and a clock of its own."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from anyio import sleep

from voxpipe.pipeline import Dtmf, Pipeline, Turn
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.transports.browser import BrowserCall
from voxpipe.transports.browser.call import MAX_UNHEARD

from .calls import hearing, saying, visited
from .page import FORMAT, Page, said, until

Run = Callable[[Callable[[], Any]], Any]


def samples(data: bytes) -> list[int]:
    """Each value once, where it differs from the one before."""
    found: list[int] = []
    for (value,) in struct.iter_unpack("<h", data):
        if not found or found[-1] != value:
            found.append(value)
    return found


# --- both ways


def test_a_reply_is_heard_whole_and_that_is_a_measurement(in_time: Run) -> None:
    turn, page = Turn(), Page()

    async def scene() -> None:
        async with visited(saying(said(turn, 2.0)), page=page) as visit:
            await visit.over.wait()
            assert (turn.state, turn.basis) == ("played", "measured")
            assert turn.played == pytest.approx(2.0, abs=0.05)
            await sleep(0.1)

    in_time(scene)
    assert samples(page.words) == list(range(1, 9))
    assert len(page.words) == FORMAT.bytes_in(2.0)


def test_the_caller_is_heard_as_they_speak_and_a_gap_is_told(in_time: Run) -> None:
    probe = Probe()

    async def scene() -> int:
        async with visited(hearing(probe)) as visit:
            await visit.page.speak(0.4)
            visit.page.said += 24_000  # a second that a tab has lost
            await visit.page.speak(0.4)
            await sleep(0.1)
            return visit.call.fault_count

    assert in_time(scene) == 1
    assert probe.data == struct.pack("<h", 9_000) * round(24_000 * 0.8)


def test_keys_are_heard_and_tones_are_of_no_reply(in_time: Run) -> None:
    probe, page = Probe(), Page()

    async def app(call: BrowserCall) -> None:
        call.press("5")
        await Pipeline(call.pressed >> probe.input).run()

    async def scene() -> None:
        async with visited(app, page=page) as visit:
            await page.send("key", digit="7")
            await sleep(1.0)
            await page.send("bye")
            await visit.over.wait()
            assert visit.call.ended == "caller"

    in_time(scene)
    assert probe.frames == [Dtmf(digit="7")]
    assert {reply for _, reply, _ in page.heard} == {0}


# --- mute


def test_a_shut_microphone_is_silence_so_that_a_turn_can_end(in_time: Run) -> None:
    probe = Probe()

    async def scene() -> int:
        async with visited(hearing(probe)) as visit:
            page = visit.page
            await page.speak(0.4)
            await page.send("muted", muted=True)
            await page.speak(1.0)  # of no interest to anybody
            await page.send("muted", muted=False)
            await page.speak(0.4)
            await sleep(0.5)
            return visit.call.fault_count

    assert in_time(scene) == 0
    assert samples(probe.data) == [9_000, 0, 9_000]
    silent = probe.data.count(b"\x00\x00") / 24_000
    assert silent == pytest.approx(1.0, abs=0.15)


def test_who_shuts_the_microphone_twice_at_once_is_silent_once(in_time: Run) -> None:
    probe = Probe()

    async def scene() -> None:
        async with visited(hearing(probe)) as visit:
            for muted in (True, False, True, True):
                await visit.page.send("muted", muted=muted)
            await sleep(1.0)

    in_time(scene)
    assert len(probe.data) / FORMAT.bytes_per_second < 1.3


def test_a_muted_call_is_not_taken_for_a_silent_carrier(in_time: Run) -> None:
    async def scene() -> tuple[float, float]:
        async with visited(hearing(Probe())) as visit:
            before = visit.call.heard_at
            await visit.page.send("muted", muted=True)
            await sleep(100)
            return before, visit.call.heard_at

    before, after = in_time(scene)
    assert after - before > 99


# --- interruptions


def test_the_button_silences_the_agent_within_a_block(in_time: Run) -> None:
    turn, page = Turn(), Page()

    async def scene() -> float:
        async with visited(saying(said(turn, 8.0)), page=page):
            await until(lambda: len(page.words) >= FORMAT.bytes_in(1.0))
            await page.send("interrupt")
            await sleep(2.0)
            heard = len(page.words) / FORMAT.bytes_per_second
            assert turn.state == "cut"
            assert page.of("clear")
            return heard

    heard = in_time(scene)
    assert heard < 1.05
    assert turn.played == pytest.approx(heard, abs=0.03)
    assert turn.basis == "measured"


# --- a page that does not keep up


def test_a_page_that_hears_nothing_is_waited_for_and_then_told_the_rest(
    in_time: Run,
) -> None:
    turn, page = Turn(), Page()

    async def scene() -> None:
        page.confirms = False
        async with visited(saying(said(turn, 12.0)), page=page) as visit:
            await sleep(30.0)
            sent = len(page.words) / FORMAT.bytes_per_second
            assert MAX_UNHEARD < sent < MAX_UNHEARD + 0.5
            assert visit.call.fault_count == 1
            since = visit.call.sending_since
            assert since is not None
            page.confirms = True
            await visit.over.wait()
            assert visit.call.sending_since is None

    in_time(scene)
    assert samples(page.words) == list(range(1, 49))


def test_a_page_that_was_waited_for_and_comes_back_is_told_the_rest(
    in_time: Run,
) -> None:
    page = Page()

    async def scene() -> None:
        page.confirms = False
        async with visited(saying(said(Turn(), 12.0)), page=page) as visit:
            await sleep(6.0)
            waited = [visit.call.sending_since is None]
            await visit.lose()
            await sleep(1.0)
            waited.append(visit.call.sending_since is None)
            assert waited == [False, True]
            page.confirms = True
            visit.come_back()
            await visit.over.wait()

    in_time(scene)
    assert samples(page.words)[-1] == 48


# --- a lost connection


def test_a_lost_connection_holds_the_agent_who_goes_on_where_the_ear_stopped(
    in_time: Run,
) -> None:
    turn, page, probe = Turn(), Page(), Probe()

    async def app(call: BrowserCall) -> None:
        frames = said(turn, 4.0)
        await Pipeline(
            call.heard >> probe.input, Source(frames).output >> call.speaks
        ).run()

    async def scene() -> None:
        async with visited(app, page=page) as visit:
            await until(lambda: len(page.words) >= FORMAT.bytes_in(1.3))
            await visit.lose()
            before = len(page.words)
            await sleep(20.0)
            assert len(page.words) == before
            assert turn.state == "playing"
            visit.come_back()
            await page.speak(0.4)
            await visit.over.wait()
            assert (turn.state, visit.call.ended) == ("played", "agent")

    in_time(scene)
    assert samples(page.words) == list(range(1, 17))  # none is missing
    twice = len(page.words) / FORMAT.bytes_per_second - 4.0
    assert abs(twice) <= 0.05
    assert samples(probe.data) == [9_000]


def test_a_reply_that_is_cut_meanwhile_is_not_gone_on_with(in_time: Run) -> None:
    turn, page = Turn(), Page()

    async def scene() -> None:
        async with visited(saying(said(turn, 4.0)), page=page) as visit:
            await until(lambda: len(page.words) >= FORMAT.bytes_in(1.0))
            await visit.lose()
            await sleep(5.0)
            turn.cut()
            visit.come_back()
            await visit.over.wait()

    in_time(scene)
    heard = len(page.words) / FORMAT.bytes_per_second
    assert heard < 1.1
    assert turn.played == pytest.approx(heard, abs=0.05)


def test_who_does_not_come_back_in_30_s_is_lost(in_time: Run) -> None:
    async def scene() -> tuple[str, float]:
        async with visited(saying(said(Turn(), 40.0))) as visit:
            await sleep(1.0)
            await visit.lose()
            await visit.over.wait()
            return visit.call.ended, visit.call.heard_at

    ended, _ = in_time(scene)
    assert ended == "lost"


def test_another_connection_takes_the_seat_of_one_that_nobody_hears_from(
    in_time: Run,
) -> None:
    turn, page = Turn(), Page()

    async def scene() -> int | None:
        async with visited(saying(said(turn, 4.0)), page=page) as visit:
            await until(lambda: len(page.words) >= FORMAT.bytes_in(1.0))
            old = visit.line  # it is half open: nothing tells the server
            visit.come_back()
            await visit.over.wait()
            return old.close_code

    assert in_time(scene) == 1001
    assert samples(page.words)[-1] == 16


def test_a_picture_that_was_under_way_is_forgotten_with_its_connection(
    in_time: Run,
) -> None:
    page = Page()

    async def scene() -> None:
        async with visited(hearing(Probe()), page=page) as visit:
            await page.send("image", data="AAAA", more=True)
            await sleep(0.1)
            await visit.lose()
            await sleep(0.1)
            visit.come_back()
            await page.send("image", data="")
            await until(lambda: page.of("error"))

    in_time(scene)
    assert "it is empty" in page.of("error")[0]["what"]
