"""A browser for a file of tests, and a page that talks for each of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from .chromium import CURE, Chromium, Tab, chromium, installed
from .sound import write_wav
from .stand_in import Line, StandIn, stand_in

TONE = 440  # Hz: what the microphone hears
STATUS = "document.querySelector('[role=status]').textContent"
# The call of the page in the hands of the test, and all that its loudspeaker plays.
HOOK = """
document.addEventListener("voxpipe:call", ({ detail: call }) => {
  window.call = call;
  window.sound = [];
  window.notices = [];
  call.tap("loudspeaker", ({ tap, at, frame }) => sound.push({ tap, at, frame }));
  call.addEventListener("notice", ({ detail }) => notices.push(detail.what));
});
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.skipif(not installed(), reason=CURE))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One is enough: it is the page that is tested."""
    return "asyncio"


@pytest.fixture(scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Chromium]:
    """With a microphone that hears a tone for ever."""
    file = tmp_path_factory.mktemp("microphone") / "tone.wav"
    time = np.arange(48_000) / 48_000
    write_wav(file, 8_000 * np.sin(2 * np.pi * TONE * time), 48_000)
    async with chromium(file, once=False) as browser:
        yield browser


@pytest.fixture
async def server() -> AsyncGenerator[StandIn]:
    """The other side of the protocol, in the test's hands."""
    async with stand_in() as server:
        yield server


@pytest.fixture
async def tab(browser: Chromium, server: StandIn) -> AsyncGenerator[Tab]:
    """The page, open. It must not complain, nor ask anybody else for anything."""
    tab = await browser.tab()
    await tab.open(server.url, first=HOOK)
    yield tab
    assert not tab.seen.complaints
    assert not strangers(tab, server.url)
    await tab.tell("Page.close")


@pytest.fixture
async def line(tab: Tab, server: StandIn) -> Line:
    """A call that the server has taken."""
    await tab.click("Talk")
    line = await server.call()
    await line.ready()
    await tab.until(f"{STATUS} === 'Listening'")
    return line


def strangers(tab: Tab, url: str) -> list[str]:
    """Requests to anywhere but there."""
    home = urlsplit(url).netloc
    return [
        each
        for each in tab.seen.requests
        if urlsplit(each).netloc != home and not each.startswith(("blob:", "data:"))
    ]
