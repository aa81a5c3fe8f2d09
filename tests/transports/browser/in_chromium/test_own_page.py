"""The page of one's own in docs/browser_page.md, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from .chromium import Chromium
from .conftest import strangers
from .stand_in import stand_in

TEXT = Path(__file__).parents[4].joinpath("docs", "browser_page.md").read_text("utf-8")


def block(language: str) -> str:
    """The first of the document."""
    found = re.search(rf"^```{language}\n(.*?)^```", TEXT, re.S | re.M)
    assert found
    return found[1]


async def test_it_talks(browser: Chromium) -> None:
    pages = {"own.html": block("html"), "own.js": block("js")}
    async with stand_in(pages) as server:
        tab = await browser.tab()
        # It has no icon, which browsers ask for.
        await tab.tell("Network.enable")
        await tab.tell("Network.setBlockedURLs", urls=["*/favicon.ico"])
        await tab.open(f"{server.url}own.html")
        await tab.click("Call us")
        line = await server.call()
        await line.ready()
        await tab.until("document.getElementById('state').textContent === 'listening'")
        for text, final in (("Good", False), ("Good evening.", True)):
            caption = {"speaker": "agent", "item": "a", "text": text, "final": final}
            await line.say("caption", **caption)
        await tab.until(
            "document.getElementById('said').textContent === 'agent: Good evening.'"
        )
        await line.until(lambda: line.microphone)
        await tab.click("Hang up")
        await line.asked_for("bye")
        await tab.until("document.getElementById('state').textContent === 'ended'")
        assert not strangers(tab, server.url)
        await tab.tell("Page.close")


async def test_a_microphone_that_is_denied_is_told_in_words(browser: Chromium) -> None:
    pages = {"own.html": block("html"), "own.js": block("js")}
    async with stand_in(pages) as server:
        tab = await browser.tab()
        await tab.open(
            f"{server.url}own.html",
            first="navigator.mediaDevices.getUserMedia = () => "
            "Promise.reject(new DOMException('no', 'NotAllowedError'))",
        )
        await tab.click("Call us")
        await tab.until(
            "document.getElementById('state').textContent.includes('not allowed')"
        )
        await tab.tell("Page.close")
