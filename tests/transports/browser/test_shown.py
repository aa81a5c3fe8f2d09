"""What a page shows of an app that has drawn no route for it."""

from __future__ import annotations

import functools
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest
from anyio import sleep

from voxpipe.console import assistant
from voxpipe.pipeline import Image, Pipeline
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.realtime.hosted_mcp import McpCall
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Failure, Line, Script, simulated
from voxpipe.transports.browser.shown import FAILED, UNREAD
from voxpipe.transports.telephony import Call

from ...processors.realtime.call import speech
from .calls import hearing, visited
from .page import Page, until

Run = Callable[[Callable[[], Any]], Any]
SCRIPT = Script(
    replies=[
        Line(heard="What is it?", calls=[CallTool(name="look_up")]),
        Line(say="It is a long story, and nobody has ever heard the end of it."),
    ]
)


def talking(script: Script, **settings: Any) -> Callable[[Call], Awaitable[None]]:
    """An app that wires nothing but what is heard, what is said, and its tools."""

    @tool
    async def look_up() -> str:
        """Look it up."""
        await sleep(0.25)
        return "a secret"

    async def app(call: Call) -> None:
        tools = ToolRouter([look_up])
        async with open_session(
            connect=simulated(script, seed=1), tools=tools.schemas, **settings
        ) as session:
            model = Realtime(session)
            model.say("Hello there.")
            await Pipeline(
                call.heard >> model.hears,
                model.says >> call.speaks,
                model.calls >> tools.calls,
                tools.results >> model.results,
            ).run()

    return app


async def ask(page: Page, seconds: float = 1.5) -> None:
    """Say something, and be silent: at the pace of a microphone."""
    data = speech(seconds) + bytes(48_000 * 2)
    for at in range(0, len(data), 1_920):
        await page.say(data[at : at + 1_920])
        await sleep(0.04)


def test_words_turns_tools_money_and_states_come_to_the_page(in_time: Run) -> None:
    page = Page()

    async def scene() -> None:
        async with visited(talking(SCRIPT), page=page) as visit:
            await until(lambda: page.of("end_of_reply"))
            await ask(page)
            await until(lambda: len(page.of("end_of_reply")) >= 2)
            await page.send("bye")
            await visit.over.wait()
            await sleep(0.1)

    in_time(scene)
    assert page.of("agent") == [
        {"type": "agent", "captions": ["agent", "user"], "reads": True}
    ]
    captions = {
        (each["speaker"], each["text"]) for each in page.of("caption") if each["final"]
    }
    assert ("agent", "Hello there.") in captions
    assert ("user", "What is it?") in captions
    items = [each["item"] for each in page.of("caption")]
    speakers = [each["speaker"] for each in page.of("caption")]
    asked = speakers.index("user")
    assert page.of("caption")[asked]["text"] == ""  # said, and not yet written down
    assert "agent" in speakers[asked + 1 :]
    assert items[asked] in items[asked + 1 :]
    assert [(each["name"], each["state"]) for each in page.of("tool")] == [
        ("look_up", "running"),
        ("look_up", "done"),
    ]
    assert page.of("tool")[1]["ms"] == 250
    assert "secret" not in str(page.told)
    costs = [each["usd"] for each in page.of("cost")]
    assert costs == sorted(costs)
    assert costs[0] > 0
    states = [each["state"] for each in page.of("state")]
    assert states[:3] == ["thinking", "speaking", "listening"]
    assert states[3:6] == ["hearing", "thinking", "speaking"]


def test_a_turn_is_timed_from_the_last_sound_to_the_first_at_the_ear(
    in_time: Run,
) -> None:
    page = Page()
    script = Script(replies=[Line(say="Yes.")])

    async def scene() -> None:
        async with visited(talking(script), page=page):
            await until(lambda: page.of("end_of_reply"))
            await ask(page)
            await until(lambda: len(page.of("turn")) == 2)

    in_time(scene)
    stages = page.of("turn")[1]["stages"]
    assert stages["user_stopped"] == 0
    times = list(stages.values())
    assert times == sorted(times)
    assert set(stages) >= {"committed", "created", "first_delta", "first_played"}
    # The page has told of its first block, 20 ms long, when that was heard.
    assert 0 <= stages["first_played"] - stages["first_written"] <= 40


def test_a_loudspeaker_that_begins_late_is_seen_in_the_latency(in_time: Run) -> None:
    page = Page()
    page.delay = 0.4

    async def scene() -> None:
        async with visited(talking(Script()), page=page):
            await until(lambda: page.of("turn"))

    in_time(scene)
    stages = page.of("turn")[0]["stages"]
    assert 400 <= stages["first_played"] - stages["first_written"] <= 440


def test_what_was_not_heard_of_a_reply_that_is_cut_is_told(in_time: Run) -> None:
    page = Page()
    script = Script(replies=[Line(say="One two three four five six seven eight.")])

    async def scene() -> None:
        async with visited(talking(script), page=page):
            await until(lambda: page.of("end_of_reply"))
            await page.send("text", text="Count.")
            await until(lambda: len(page.of("turn")) == 2)
            await sleep(1.0)
            await page.send("interrupt")
            await until(lambda: any("heard" in each for each in page.of("caption")))

    in_time(scene)
    cut = next(each for each in page.of("caption") if "heard" in each)
    assert cut["text"] == "One two three four five six seven eight."
    assert cut["text"].startswith(cut["heard"])
    assert 0 < len(cut["heard"]) < len(cut["text"])
    assert cut["reply"] == 2


def test_an_app_that_does_not_transcribe_has_captions_of_the_agent_only(
    in_time: Run,
) -> None:
    page = Page()

    async def scene() -> None:
        async with visited(talking(SCRIPT, transcription=None), page=page):
            await until(lambda: page.of("agent"))

    in_time(scene)
    assert page.of("agent")[0]["captions"] == ["agent"]


def test_typed_text_silences_the_agent_and_is_answered(in_time: Run) -> None:
    page = Page()
    script = Script(replies=[Line(say="One two three four five six seven eight.")] * 2)

    async def scene() -> None:
        async with visited(talking(script), page=page):
            await until(lambda: page.of("end_of_reply"))
            await page.send("text", text="Count.")
            await until(lambda: len(page.of("turn")) == 2)
            await page.send("text", text="And again.")
            await until(lambda: len(page.of("turn")) == 3)

    in_time(scene)
    assert page.of("clear")
    typed = [each["text"] for each in page.of("caption") if each["speaker"] == "user"]
    assert typed == ["Count.", "And again."]


def picture() -> str:
    pixels = np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    return b64encode(Image.of_array(pixels).data).decode()


def test_a_picture_comes_in_pieces_and_is_seen(in_time: Run) -> None:
    page, data = Page(), picture()
    assert len(data) > 96_000

    async def scene() -> None:
        async with visited(talking(Script()), page=page) as visit:
            await until(lambda: page.of("end_of_reply"))
            for at in range(0, len(data), 48_000):
                more, rest = data[at : at + 48_000], at + 48_000 < len(data)
                text = None if rest else "What is it?"
                await page.send("image", data=more, more=rest, text=text)
            await until(lambda: len(page.of("turn")) == 2)
            assert visit.call.fault_count == 0

    in_time(scene)
    assert not page.of("error")


def test_a_picture_that_is_none_or_too_large_is_told_of(in_time: Run) -> None:
    page = Page()

    async def scene() -> None:
        async with visited(talking(Script()), page=page) as visit:
            await until(lambda: page.of("end_of_reply"))
            await page.send("image", data="AAAA")
            await page.send("image", data="no base64")
            for n in range(60):
                await page.send("image", data="A" * 48_000, more=n < 59)
            await until(lambda: len(page.of("error")) == 3)
            assert visit.call.fault_count == 3
            await page.send("text", text="Are you there?")
            await until(lambda: len(page.of("turn")) == 2)

    in_time(scene)
    told = [each["what"] for each in page.of("error")]
    assert "cannot be read" in told[0]
    assert "it is no base64" in told[1]
    assert "too large" in told[2]


def test_who_writes_to_an_app_without_a_model_is_told_so(in_time: Run) -> None:
    page = Page()

    async def scene() -> None:
        async with visited(hearing(Probe()), page=page):
            await page.send("text", text="Hello?")
            await until(lambda: page.of("error"))

    in_time(scene)
    assert page.of("error")[0]["what"] == UNREAD


def test_a_reply_that_failed_is_told_without_the_reason(in_time: Run) -> None:
    page = Page()
    script = Script(replies=[Line(fails=Failure())])

    async def scene() -> None:
        async with visited(talking(script), page=page):
            await until(lambda: page.of("end_of_reply"))
            await page.send("text", text="Well?")
            await until(lambda: page.of("error"))

    in_time(scene)
    assert page.of("error")[0]["what"] == FAILED


def test_a_tool_that_the_service_calls_is_shown_like_any_other(in_time: Run) -> None:
    page = Page()

    async def scene() -> None:
        async with visited(hearing(Probe()), page=page) as visit:
            for news in (
                McpCall(item_id="a", server="s", tool="find", status="running"),
                McpCall(item_id="a", server="s", tool="find", status="completed"),
                McpCall(item_id="b", server="s", tool="find", status="failed"),
            ):
                visit.call.shown.told(visit.call, "mcp", news)
                await sleep(0.1)

    in_time(scene)
    assert [(each["id"], each["state"]) for each in page.of("tool")] == [
        ("a", "running"),
        ("a", "done"),
        ("b", "failed"),
    ]


def test_who_comes_back_is_told_the_newest_once_more(in_time: Run) -> None:
    page = Page()

    async def scene() -> None:
        async with visited(talking(Script()), page=page) as visit:
            await until(lambda: page.of("end_of_reply"))
            await visit.lose()
            page.told.clear()
            visit.come_back()
            await until(lambda: page.of("state"))
            await sleep(0.1)

    in_time(scene)
    assert page.of("state")[-1]["state"] == "listening"
    assert page.of("caption")[-1]["text"] == "Hello there."
    assert page.of("agent")
    assert page.of("cost")


def test_the_friendly_assistant_writes_down_both_sides_for_a_page(
    in_time: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = functools.partial(open_session, connect=simulated(Script()))
    monkeypatch.setattr(assistant, "open_session", opened)
    page = Page()

    async def scene() -> None:
        async with visited(assistant.answer, page=page):
            await until(lambda: page.of("agent"))

    in_time(scene)
    assert page.of("agent")[0]["captions"] == ["agent", "user"]
