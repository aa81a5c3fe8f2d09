"""The page and its module, with a browser around them and the server's side in hand."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from voxpipe.pipeline.png import png_of

from .chromium import Chromium, Tab
from .conftest import STATUS, TONE
from .sound import found, played, speech
from .stand_in import RATE, Line, StandIn

LOG = "document.querySelector('[role=log]').innerText"


async def test_the_microphone_arrives_whole_at_the_rate_of_the_server(
    line: Line,
) -> None:
    await line.until(lambda: len(line.microphone) > 50)
    sound = np.concatenate(line.microphone)
    lengths = [len(each) for each in line.microphone]
    assert line.starts == [0, *np.cumsum(lengths)[:-1]]
    assert max(lengths) <= 0.04 * RATE
    last = sound[-RATE // 2 :] * np.hanning(RATE // 2)
    loudest = int(np.argmax(np.abs(np.fft.rfft(last)))) * 2  # Hz
    assert abs(loudest - TONE) <= 2


async def test_what_is_said_is_what_is_played_and_confirmed(
    tab: Tab, line: Line
) -> None:
    said = speech(1.5)
    await line.play(1, said)
    await line.say("end_of_reply", reply=1)
    await line.until(lambda: (1, 1_500) in line.played)
    heard, rate = await played(tab)
    assert found(heard, rate, said.astype(float)) > 0.7
    marks = [ms for _, ms in line.played]
    assert marks == sorted(marks)
    assert max(np.diff([0, *marks])) < 150  # ms of the reply


async def test_a_cleared_loudspeaker_is_silent_within_one_block(
    tab: Tab, line: Line
) -> None:
    await line.play(1, speech(5))
    await line.until(lambda: line.played and line.played[-1][1] > 300)
    before = len(line.played)
    await line.say("clear")
    await line.say("end_of_reply", reply=1)
    await line.play(2, speech(0.5, seed=8))
    await line.say("end_of_reply", reply=2)
    await line.until(lambda: (2, 500) in line.played)
    of_the_cut = [ms for reply, ms in line.played[before:] if reply == 1]
    assert of_the_cut[-1] < 4_000  # of 5,000
    heard, rate = await played(tab)
    sounding = np.count_nonzero(heard) / rate * 1_000
    block = 128 / rate * 1_000
    assert sounding <= of_the_cut[-1] + block + 500 + 2  # ms; 2 for the filter's tails


async def test_a_reply_that_runs_dry_is_counted_and_goes_on(
    tab: Tab, line: Line
) -> None:
    said = speech(0.4)
    await line.play(1, said[: RATE // 5])
    await line.until(lambda: (1, 200) in line.played)  # perhaps that was all of it
    await line.play(1, said[RATE // 5 :], start=RATE // 5)
    await line.say("end_of_reply", reply=1)
    await line.until(lambda: (1, 400) in line.played)
    assert await tab.run("call.stats.underruns") == 1


async def test_the_words_that_nobody_heard_are_struck_through(
    tab: Tab, line: Line
) -> None:
    text, heard = "We are open from six to eleven.", "We are open"
    caption = {"speaker": "agent", "item": "a", "text": text, "final": True}
    await line.say("caption", **caption)
    await tab.until(f"{LOG}.includes({text!r})")
    await line.say("caption", **caption, heard=heard)
    assert await tab.until("document.querySelector('[role=log] s')?.textContent") == (
        "from six to eleven."
    )
    assert heard in await tab.run(LOG)


async def test_words_grow_in_one_line(tab: Tab, line: Line) -> None:
    for text, final in (("Are", False), ("Are you", False), ("Are you open?", True)):
        await line.say("caption", speaker="user", item="u", text=text, final=final)
    await tab.until(f"{LOG}.includes('Are you open?')")
    assert await tab.run("document.querySelectorAll('.line').length") == 1


async def test_words_that_are_written_down_late_have_their_place(
    tab: Tab, line: Line
) -> None:
    for item in ("first", "second"):
        await line.say("caption", speaker="user", item=item, text="", final=False)
    answer = {"speaker": "agent", "item": "a", "text": "Yes.", "final": True}
    await line.say("caption", **answer)
    await line.say("caption", speaker="user", item="first", text="Open?", final=True)
    await line.say("caption", speaker="user", item="second", text="", final=True)
    await tab.until("document.querySelectorAll('.line').length === 2")
    lines = "[...document.querySelectorAll('.words')].map((each) => each.textContent)"
    assert await tab.run(lines) == ["Open?", "Yes."]


async def test_what_is_typed_is_sent(tab: Tab, line: Line) -> None:
    await tab.click("Message", role="textbox")
    await tab.type("Do you have lasagne?")
    await tab.press("Enter", 13)
    assert (await line.asked_for("text"))["text"] == "Do you have lasagne?"
    assert await tab.run("document.querySelector('#words').value") == ""


async def test_a_picture_is_scaled_and_sent_in_pieces_with_the_words_beside_it(
    tab: Tab, line: Line, tmp_path: Path
) -> None:
    # Noise cannot be made small: it takes several messages.
    file = tmp_path / "noise.png"
    noise = np.random.default_rng(1).integers(0, 256, (400, 3_000, 3), np.uint8)
    file.write_bytes(png_of(noise))
    await tab.click("Message", role="textbox")
    await tab.type("What is this?")
    await tab.choose_file("#file", file)
    pieces = [await line.asked_for("image")]
    while pieces[-1].get("more"):
        pieces.append(await line.asked_for("image"))
    assert len(pieces) > 1
    assert pieces[-1]["text"] == "What is this?"
    assert {each["media_type"] for each in pieces} == {"image/jpeg"}
    picture = base64.b64decode("".join(each["data"] for each in pieces))
    assert picture.startswith(b"\xff\xd8")
    size = await tab.until("document.querySelector('.line img')?.naturalWidth")
    assert size == 2_048


async def test_a_muted_microphone_sends_nothing(tab: Tab, line: Line) -> None:
    await line.until(lambda: line.microphone)
    await tab.click("Mute")
    assert (await line.asked_for("muted"))["muted"] is True
    came = len(line.microphone)
    assert "muted" in await tab.run(STATUS)
    await line.play(1, speech(0.3))  # something that takes its time
    await line.until(lambda: (1, 300) in line.played)
    assert len(line.microphone) == came
    await tab.click("Muted")
    assert (await line.asked_for("muted"))["muted"] is False
    await line.until(lambda: len(line.microphone) > came)


async def test_interrupt_is_a_button_and_a_key(tab: Tab, line: Line) -> None:
    await tab.click("Interrupt")
    await line.asked_for("interrupt")
    await tab.press("Escape", 27)
    await line.asked_for("interrupt")


async def test_a_lost_connection_comes_back_to_its_seat(
    tab: Tab, line: Line, server: StandIn
) -> None:
    await line.until(lambda: len(line.microphone) > 3)
    await line.play(1, speech(5))
    await line.until(lambda: line.played)
    line.socket.transport.abort()
    again = await server.call()
    assert again.hello["seat"] == "seat-1"
    assert await tab.run(STATUS) == "Reconnecting…"
    await again.ready(seat="seat-2", resumed=True)
    await tab.until(f"{STATUS} === 'Listening'")
    await again.until(lambda: again.microphone)
    assert again.starts[0] > line.starts[-1]
    assert await tab.run("call.stats.reconnects") == 1
    # What was queued is forgotten: the server plays it again from where it was heard.
    await again.play(2, speech(0.3))
    await again.until(lambda: (2, 300) in again.played)
    heard, rate = await played(tab)
    assert np.count_nonzero(heard) < 4 * rate


async def test_a_seat_that_is_gone_ends_the_call_and_says_why(
    tab: Tab, line: Line, server: StandIn
) -> None:
    line.socket.transport.abort()
    again = await server.call()
    await again.say("refused", why="seat", what="This call is over.")
    await tab.until(f"{STATUS} === 'Ended: the connection was lost'")
    await tab.until(
        "document.querySelector('[role=alert]').textContent.includes('over')"
    )


async def test_a_full_server_says_so_and_one_may_try_again(
    tab: Tab, server: StandIn
) -> None:
    await tab.click("Talk")
    line = await server.call()
    await line.say("refused", why="full", what="All lines are busy.", retry_after=5)
    told = await tab.until("document.querySelector('[role=alert]').textContent")
    assert told == "All lines are busy. Try again in 5 s."
    await tab.until("!document.querySelector('#talk').disabled")
    await tab.click("Talk")
    await (await server.call()).ready()
    await tab.until(f"{STATUS} === 'Listening'")


@pytest.mark.parametrize(
    ("by", "words"), [("agent", "the agent hung up"), ("idle", "nobody spoke")]
)
async def test_the_end_is_told_with_its_reason(
    tab: Tab, line: Line, by: str, words: str
) -> None:
    await line.say("ended", by=by)
    await line.socket.close()
    await tab.until(f"{STATUS}.startsWith('Ended: {words}')")
    assert await tab.run("call.context.state") == "closed"


async def test_who_hangs_up_says_goodbye(tab: Tab, line: Line) -> None:
    await tab.click("Hang up")
    await line.asked_for("bye")
    await tab.until(f"{STATUS} === 'Ended: you hung up'")


async def test_who_does_not_allow_the_microphone_can_type(
    tab: Tab, browser: Chromium, server: StandIn
) -> None:
    # The flags of the test say yes for everybody, so a page that is told no is made.
    await tab.run(
        "navigator.mediaDevices.getUserMedia = () => "
        "Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    await tab.click("Talk")
    await tab.until(
        "document.querySelector('[role=alert]').textContent.includes('not allowed')"
    )
    await tab.click("Go on without a microphone")
    line = await server.call()
    await line.ready()
    await tab.until(f"{STATUS} === 'Listening'")
    await tab.click("Message", role="textbox")
    await tab.type("Hello?")
    await tab.press("Enter", 13)
    assert (await line.asked_for("text"))["text"] == "Hello?"
    assert not line.microphone


async def test_an_unplugged_microphone_is_told_and_replaced(
    tab: Tab, line: Line
) -> None:
    await line.until(lambda: line.microphone)
    await tab.run(
        """(() => {
          const devices = navigator.mediaDevices;
          const open = devices.getUserMedia.bind(devices);
          const none = new DOMException("none", "NotFoundError");
          devices.getUserMedia = () => Promise.reject(none);
          window.plugIn = () => {
            devices.getUserMedia = open;
            devices.dispatchEvent(new Event("devicechange"));
          };
          call.microphone.getAudioTracks()[0].dispatchEvent(new Event("ended"));
        })()"""
    )
    assert (await line.asked_for("muted"))["muted"] is True
    await tab.until("notices.length === 1")
    came = len(line.microphone)
    await tab.run("plugIn()")
    assert (await line.asked_for("muted"))["muted"] is False
    await line.until(lambda: len(line.microphone) > came)
    assert await tab.run("notices[1]") == "The microphone is there again."


async def test_a_token_goes_with_the_first_message_and_leaves_the_address(
    tab: Tab, server: StandIn
) -> None:
    await tab.tell("Page.navigate", url=f"{server.url}?x#token=s3cret")
    await tab.until("location.search === '?x' && document.readyState === 'complete'")
    await tab.until("location.hash === ''")
    await tab.click("Talk")
    assert (await server.call()).hello["token"] == "s3cret"
    assert not [
        each for each in tab.seen.requests if "s3cret" in each.partition("#")[0]
    ]


async def test_latency_tools_and_money_are_shown(tab: Tab, line: Line) -> None:
    await line.say("turn", reply=1, stages={"created": 50, "first_played": 300})
    await line.say("turn", reply=2, stages={"created": 60, "first_played": 1_234})
    await line.say("tool", id="t", name="opening_hours", state="running")
    await line.say("tool", id="t", name="opening_hours", state="done", ms=41.3)
    await line.say("cost", usd=0.0123)
    await tab.until("document.querySelector('#cost').innerText.includes('$0.0123')")
    shown = await tab.run("document.querySelector('#numbers').innerText")
    for words in (
        "1,234\xa0ms",
        "1,174 ms",
        "Turn 1",
        "300 ms",
        "opening_hours",
        "41 ms",
    ):
        assert words.replace("\xa0", " ") in shown
    assert "running" not in shown


async def test_it_can_be_used_by_names_alone(tab: Tab, line: Line) -> None:
    nodes = (await tab.tell("Accessibility.getFullAXTree"))["nodes"]
    roles = [
        (each["role"]["value"], each.get("name", {}).get("value", ""))
        for each in nodes
        if not each["ignored"]
    ]
    assert [role for role, _ in roles].count("textbox") == 1
    assert {"log", "status"} <= {role for role, _ in roles}
    controls = [(role, name) for role, name in roles if role in ("button", "meter")]
    assert all(name for _, name in controls)
    assert {"Mute", "Interrupt", "Picture", "Camera", "Hang up", "Send"} <= {
        name for _, name in controls
    }


async def test_two_tabs_are_two_calls(
    tab: Tab, line: Line, browser: Chromium, server: StandIn
) -> None:
    other = await browser.tab()
    await other.open(server.url)
    await other.click("Talk")
    its = await server.call()
    await its.ready(seat="seat-of-the-other")
    for each in (line, its):
        came = len(each.microphone)
        await each.until(lambda each=each, came=came: len(each.microphone) > came + 3)
    await other.tell("Page.close")
    await its.asked_for("bye")
