"""How the page looks, kept in build/screenshots for somebody to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voxpipe.pipeline.png import png_of

from .chromium import Tab
from .sound import speech
from .stand_in import Line, StandIn

SCREENS = Path(__file__).parents[4] / "build" / "screenshots"
SIZES = {"desktop": (1_280, 800), "phone": (390, 844)}
# Text that is too pale for its ground (WCAG 2.2, 1.4.3), and what leaves the screen.
PALE = """(() => {
  const options = { willReadFrequently: true };
  const canvas = document.createElement("canvas").getContext("2d", options);
  const light = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    if (colour !== "rgba(0, 0, 0, 0)") return colour;
    return element.parentElement ? ground(element.parentElement) : "white";
  };
  const pale = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.data.trim();
    const seen = words && element.checkVisibility({ visibilityProperty: true });
    if (!seen || element.closest(":disabled, noscript, script")) continue;
    const [low, high] = [light(getComputedStyle(element).color), light(ground(element))]
      .sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) pale.push(words);
  }
  return pale;
})()"""
WIDE = "document.documentElement.scrollWidth > innerWidth"


async def look(tab: Tab, name: str) -> None:
    """Keep pictures, and find what a person with weak eyes would not."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in SIZES.items():
        for dark in (False, True):
            picture = await tab.look(width, height, dark=dark)
            ground = "dark" if dark else "light"
            (SCREENS / f"{name}-{size}-{ground}.png").write_bytes(picture)
            assert not await tab.run(PALE), f"{name}, {size}, {ground}"
        assert not await tab.run(WIDE), f"{name}, {size}"


async def talk(line: Line) -> None:
    """A conversation with something of everything."""
    words = [
        ("agent", "Good evening, this is Trattoria Ada. What can I do for you?", None),
        ("user", "Are you open on Sunday evening?", None),
        (
            "agent",
            "On Sunday we are open from six to eleven in the evening, and there is "
            "fresh lasagne, as every week.",
            "On Sunday we are open from six to eleven in the evening,",
        ),
        ("user", "Great. A table for two at seven, please.", None),
    ]
    for item, (speaker, text, heard) in enumerate(words):
        told = {"heard": heard} if heard else {}
        await line.say(
            "caption", speaker=speaker, item=str(item), text=text, final=True, **told
        )
    stages = {"created": 61, "first_delta": 297, "first_written": 303}
    await line.say("turn", reply=1, stages={**stages, "first_played": 344})
    stages = {"committed": 208, "created": 262, "first_delta": 541, "first_sent": 543}
    more = {"first_written": 552, "first_played": 598}
    await line.say("turn", reply=2, stages={**stages, **more})
    await line.say("tool", id="1", name="opening_hours", state="done", ms=38)
    await line.say("tool", id="2", name="book_table", state="running")
    await line.say("cost", usd=0.0184)


async def test_before_the_first_word(tab: Tab) -> None:
    await look(tab, "1-talk")


async def test_with_the_choice_of_webrtc(tab: Tab, server: StandIn) -> None:
    await tab.open(f"{server.url}?over=webrtc")
    await tab.until("document.querySelector('#over').checkVisibility()")
    await look(tab, "10-webrtc")


async def test_while_it_connects(tab: Tab, server: StandIn) -> None:
    await tab.click("Talk")
    await server.call()
    await look(tab, "2-connecting")


async def test_when_it_is_refused(tab: Tab, server: StandIn) -> None:
    await tab.click("Talk")
    line = await server.call()
    await line.say("refused", why="full", what="All lines are busy.", retry_after=5)
    await tab.until("document.querySelector('[role=alert]').textContent")
    await look(tab, "2-refused")


async def test_in_a_conversation(tab: Tab, line: Line) -> None:
    await talk(line)
    await line.play(3, speech(20))
    await line.say("state", state="speaking")
    await tab.until("call.state === 'speaking' && call.levels.loudspeaker > 0.1")
    await look(tab, "3-speaking")
    await line.say("clear")
    await line.say("state", state="thinking")
    await tab.until("call.state === 'thinking'")
    await look(tab, "4-thinking")


async def test_muted_with_a_picture_and_half_a_sentence(
    tab: Tab, line: Line, tmp_path: Path
) -> None:
    await talk(line)
    await line.say("caption", speaker="agent", item="x", text="At seven", final=False)
    sky = np.full((240, 320, 3), (90, 140, 200), np.uint8)
    sky[..., 0] = np.linspace(90, 255, 240, dtype=np.uint8)[:, None]
    file = tmp_path / "sky.png"
    file.write_bytes(png_of(sky))
    await tab.choose_file("#file", file)
    await tab.until("document.querySelector('.line img')?.naturalWidth")
    # The newest is in sight.
    await tab.until(
        "document.querySelector('.line img').getBoundingClientRect().bottom < "
        "document.querySelector('#log').getBoundingClientRect().bottom"
    )
    await tab.click("Mute")
    await tab.run("document.querySelector('#words').focus()")
    await look(tab, "5-muted")


async def test_while_the_connection_is_lost(
    tab: Tab, line: Line, server: StandIn
) -> None:
    await talk(line)
    line.socket.transport.abort()
    await server.call()
    await look(tab, "6-reconnecting")


@pytest.mark.parametrize("by", ["agent", "failed"])
async def test_at_the_end(tab: Tab, line: Line, by: str) -> None:
    await talk(line)
    if by == "failed":
        await line.say("error", what="The model did not answer any more.")
    await line.say("ended", by=by)
    await line.socket.close()
    await tab.until("call.state === 'ended'")
    await look(tab, f"7-ended-{by}")


async def test_with_the_numbers_unfolded_on_a_phone(tab: Tab, line: Line) -> None:
    await talk(line)
    await tab.look(390, 844)
    await tab.until("!document.querySelector('#numbers').open")
    await tab.run("document.querySelector('summary').click()")
    SCREENS.mkdir(parents=True, exist_ok=True)
    (SCREENS / "8-numbers-phone-light.png").write_bytes(await tab.look(390, 844))
    assert not await tab.run(WIDE)


async def test_with_the_camera(tab: Tab, line: Line) -> None:
    await tab.click("Camera")
    await tab.until("document.querySelector('video').videoWidth")
    await look(tab, "9-camera")
    await tab.click("Take and show")
    assert (await line.asked_for("image"))["media_type"] == "image/jpeg"
    await tab.until("document.querySelector('.line img')?.naturalWidth")
