"""Calls of a page over WebRTC: real offers, real packets, on loopback."""

from __future__ import annotations

import json
import logging
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from anyio import Event, create_task_group, fail_after, run, to_thread

from voxpipe.pipeline import TransportError
from voxpipe.transports.browser import BrowserEndpoints, Tokens
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.webrtc import WebRtcEndpoints
from voxpipe.transports.webrtc.endpoints import SPARE
from voxpipe.transports.webrtc.testing import open_page
from voxpipe.webrtc.sdp import MAX_CANDIDATES

from .calls import LOOPBACK, PATIENCE, Agent, called, likeness, loud_ms, served, sweep

SDP = {"content-type": "application/sdp"}
NO_OFFER = "v=0\r\nm=audio 9 X 96\r\n"  # but the look of one


async def asked(
    url: str, method: str, body: str = "", head: dict[str, str] = SDP
) -> tuple[int, str]:
    """What an endpoint answers: its status, and what it says."""

    def ask() -> tuple[int, str]:
        at = urlsplit(url)
        line = HTTPConnection(at.hostname or "", at.port, timeout=PATIENCE)
        try:
            line.request(method, at.path, body.encode(), head)
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        finally:
            line.close()

    return await to_thread.run_sync(ask)


async def test_both_hear_what_the_other_says() -> None:
    agent, question, answer = Agent(), sweep(1.0), sweep(1.0, 900.0)
    async with called(agent) as page:
        async with create_task_group() as tasks:
            tasks.start_soon(page.say, question + bytes(48_000))
            tasks.start_soon(agent.say, answer)
        heard = await page.listen(lambda pcm: likeness(pcm, answer) > 0.9)
        assert loud_ms(heard) >= 900
        assert await agent.turns[0].over() == "played"
        assert agent.turns[0].played == pytest.approx(1.0, abs=0.01)
    assert likeness(bytes(agent.heard), question) > 0.9


async def test_what_was_heard_is_measured_by_what_the_page_confirms() -> None:
    agent = Agent()
    async with called(agent) as page:
        turn = await agent.say(sweep(1.0))
        await turn.over()
        assert turn.basis == "measured"
        assert [m["reply"] for m in page.messages if m["type"] == "playing"][:1] == [1]


async def test_an_interruption_is_silent_within_200_ms() -> None:
    agent, before = Agent(), 0
    async with called(agent) as page:
        async with create_task_group() as tasks:
            tasks.start_soon(agent.say, sweep(5.0))
            await page.listen(lambda pcm: loud_ms(pcm) > 500)
            agent.turns[0].cut()
            await page.told("clear")
            before = len(await page.listen(lambda _: True))
            tasks.cancel_scope.cancel()
        after = await page.listen(lambda pcm: len(pcm) > before + 48_000)
        # What had left: on its way, and in the jitter buffer.
        assert loud_ms(after[before:]) <= 200
        assert 0.3 < agent.turns[0].played < 2.5


async def test_the_next_reply_is_heard_whole_after_an_interruption() -> None:
    agent, answer = Agent(), sweep(1.0, 900.0)
    async with called(agent) as page:
        first = await agent.say(sweep(0.8))
        await page.listen(lambda pcm: loud_ms(pcm) > 200)
        first.cut()
        await agent.say(answer)
        await page.listen(lambda pcm: likeness(pcm, answer) > 0.9)
        assert await agent.turns[1].over() == "played"


@pytest.mark.parametrize("how", ["bye", "delete", "leave"])
async def test_the_page_hangs_up(how: str) -> None:
    agent = Agent()
    async with called(agent) as page:
        assert page.location.startswith("/webrtc/")
        if how == "bye":
            page.send("bye")
        elif how == "delete":
            status, _ = await asked(page.url + page.location[7:], "DELETE")
            assert status == 200
        elif page.peer is not None:
            await page.peer.close()
            return  # its seat is kept for 30 s: the end of the server ends the call
        await agent.ended.wait()
        assert agent.call is not None
        assert agent.call.ended == "caller"
        await page.gone()
        status, _ = await asked(page.url + page.location[7:], "DELETE")
        assert status == 200  # once more does no harm


async def test_the_agent_hangs_up_after_its_last_word() -> None:
    agent, word = Agent(), sweep(0.5, 900.0)
    async with called(agent) as page:
        assert agent.call is not None
        await agent.say(word)
        agent.call.hang_up()
        assert (await page.told("ended"))["by"] == "agent"
        await page.gone()
        assert likeness(await page.listen(lambda _: True), word) > 0.9


async def test_a_page_that_lost_its_connection_goes_on_in_the_same_call() -> None:
    agent, answer = Agent(), sweep(1.0, 900.0)
    async with called(agent) as page, open_page() as again:
        seat = (await page.told("ready"))["seat"]
        assert page.peer is not None
        await page.peer.close()
        await again.call(page.url)
        again.send("hello", seat=seat)
        assert (await again.told("ready"))["resumed"]
        await agent.say(answer)
        await again.listen(lambda pcm: likeness(pcm, answer) > 0.9)


async def test_what_can_be_no_call_is_refused_with_a_reason() -> None:
    async with served(Agent().answer) as (url, _), open_page() as page:
        assert page.peer is not None
        offer = await page.peer.offer("voxpipe")
        for status, what, body, head in [
            (415, "application/sdp", offer, {"content-type": "text/plain"}),
            (400, "begins with v=0", "hello", SDP),
            (400, "one audio", "v=0\r\nm=video 9 X 96\r\n", SDP),
            (400, "one audio", offer + "m=audio 9 X 96\r\n", SDP),
            (400, "one audio", "v=0\r\n", SDP),
            (400, "ICE's", offer.replace("a=ice-pwd", "a=x"), SDP),
            (400, "ICE's", "v=0\r\nm=audio 9 X 96\r\n", SDP),
            (400, "candidates", offer + "a=candidate:\r\n" * 65, SDP),
            (413, "65536", offer + "a=x\r\n" * 20_000, SDP),
            (403, "page of this server", offer, {**SDP, "origin": "https://x.test"}),
        ]:
            assert (status, True) == (
                (found := await asked(url, "POST", body, head))[0],
                what in found[1],
            ), (what, found)
        assert MAX_CANDIDATES == 64
        assert (await asked(url, "GET"))[0] == 405
        assert (await asked(url.removesuffix("webrtc"), "GET", head={}))[0] == 200


async def test_a_page_is_refused_over_its_data_channel_as_over_a_websocket() -> None:
    async with (
        served(Agent().answer, limit=1) as (url, board),
        open_page() as page,
    ):
        board.order(seconds=60)
        await page.call(url)
        page.send("hello")
        assert (await page.told("refused"))["why"] == "full"
        await page.gone()


async def test_offers_that_nothing_follows_keep_nobody_out() -> None:
    board = Switchboard(Agent().answer)
    async with (
        WebRtcEndpoints(BrowserEndpoints(board), ice=LOOPBACK) as endpoints,
        Server(endpoints) as server,
        open_page() as page,
        open_page() as stranger,
    ):
        assert stranger.peer is not None
        url = f"{server.url}/webrtc"
        # Nobody is at its address: no connection comes about.
        offer = (await stranger.peer.offer("x")).replace("127.0.0.1", "127.0.0.2")
        statuses = list[int]()

        async def knock() -> None:
            statuses.append((await asked(url, "POST", offer))[0])

        with fail_after(PATIENCE):
            async with create_task_group() as tasks:  # at once: those begin together
                for _ in range(SPARE + 4):
                    tasks.start_soon(knock)
            assert set(statuses) <= {201, 503}
            assert len(vars(endpoints)["_beginning"]) == SPARE
            await page.call(url)
            page.send("hello")
            await page.told("ready")
        await board.drain(0)


async def test_who_brings_no_token_costs_nothing_and_who_brings_one_has_it_used() -> (
    None
):
    tokens, board = Tokens("0123456789abcdef"), Switchboard(Agent().answer, limit=1)
    browser = BrowserEndpoints(board, check=tokens.check)
    async with (
        WebRtcEndpoints(browser, ice=LOOPBACK) as endpoints,
        Server(endpoints) as server,
        open_page() as page,
        open_page() as again,
    ):
        assert page.peer is not None
        url, token = f"{server.url}/webrtc", tokens.mint()
        for wrong in ({}, {"authorization": "Bearer guessed"}):
            status, said = await asked(url, "POST", NO_OFFER, {**SDP, **wrong})
            assert (status, "token" in said) == (401, True)
        assert endpoints.connections == 0
        await page.call(url, token=token)
        page.send("hello", token=token)  # as a page says it: it is taken already
        seat = (await page.told("ready"))["seat"]
        used = {**SDP, "authorization": f"Bearer {tokens.mint()}"}
        assert (await asked(url, "POST", NO_OFFER, used))[0] == 503  # full
        await page.peer.close()
        await again.call(url, token=seat)  # for this call
        again.send("hello", seat=seat)
        assert (await again.told("ready"))["resumed"]
        again.send("bye")
        await again.gone()
        spent = {**SDP, "authorization": f"Bearer {token}"}
        assert (await asked(url, "POST", NO_OFFER, spent))[0] == 401
        await board.drain(0)


async def test_a_page_that_floods_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    held, agent = Event(), Agent()

    async def never_reads(call: Call) -> None:
        await held.wait()

    async with served(never_reads) as (url, _), open_page() as page:
        await page.call(url)
        page.send("hello")
        await page.told("ready")
        with caplog.at_level(logging.WARNING):
            for _ in range(300):
                page.send("nothing", filler="x" * 1_000)
            await page.gone()
        assert any("let go" in line for line in caplog.messages)
        assert not any("xxx" in line for line in caplog.messages)
        held.set()
    assert not agent.heard


async def test_rubbish_is_reported_and_the_call_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    agent, answer = Agent(), sweep(1.0, 900.0)
    async with called(agent) as page:
        assert page.peer is not None
        with caplog.at_level(logging.WARNING):
            page.peer.send("no JSON")
            page.peer.send(json.dumps([1]))
            page.peer.send(b"\0" * 100)
            await agent.say(answer)
            await page.listen(lambda pcm: likeness(pcm, answer) > 0.9)
        assert any("got bytes" in line for line in caplog.messages)


def test_trio_is_refused_with_what_to_do() -> None:
    async def main() -> None:
        board = Switchboard(Agent().answer)
        with fail_after(PATIENCE):
            async with WebRtcEndpoints(BrowserEndpoints(board)):
                pass

    with pytest.raises(TransportError, match=r"asyncio.*not on trio"):
        run(main, backend="trio")
