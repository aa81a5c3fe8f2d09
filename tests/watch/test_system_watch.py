"""The window in Chromium: what it shows of a conversation, and how it looks.

Pictures are kept in build/screenshots for somebody to look at.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from tests.transports.browser.in_chromium.chromium import (
    CURE,
    Chromium,
    Tab,
    chromium,
    installed,
)
from tests.transports.browser.in_chromium.conftest import strangers
from tests.transports.browser.in_chromium.test_screens import look
from tests.watch.conversation import converse
from tests.watch.test_live import Stuck
from voxpipe.console.example import example_wav
from voxpipe.pipeline import AudioFormat, Pipeline
from voxpipe.processors.audio import Resample
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.vad import Vad
from voxpipe.simulator import Line, Script, simulated
from voxpipe.transports import WavSink, WavSource
from voxpipe.watch import watching
from voxpipe.watch.board import Board
from voxpipe.watch.opened import open_files
from voxpipe.watch.window import Window

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not installed(), reason=CURE),
]
PCM = AudioFormat("pcm16", 24_000)
ROWS = "[...document.querySelectorAll('#log .type')].map((each) => each.textContent)"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """It is the page that is tested."""
    return "asyncio"


@pytest.fixture(scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Chromium]:
    """With a microphone that nobody uses."""
    async with chromium(tmp_path_factory.mktemp("microphone") / "none.wav") as browser:
        yield browser


async def _opened(browser: Chromium, window: Window) -> Tab:
    tab = await browser.tab()
    await tab.open(window.link)
    return tab


async def _closed(tab: Tab, window: Window) -> None:
    assert not tab.seen.complaints
    assert not strangers(tab, window.url())
    await tab.tell("Page.close")


async def test_a_conversation_through_the_proxy_is_seen(browser: Chromium) -> None:
    board = Board("proxy")
    async with converse(board) as (window, proxied):
        tab = await _opened(browser, window)
        await tab.until("document.querySelector('#status').textContent === 'Live'")
        await proxied()
        await tab.until("document.querySelectorAll('.bar.agent').length === 2")
        await tab.until("document.querySelectorAll('.bar.tool').length === 1")
        rows: list[str] = await tab.run(ROWS)
        assert [row for row in rows if row.startswith("response.done")]
        assert not [row for row in rows if "audio.delta" in row]
        assert await tab.run("document.querySelector('#money').textContent > '$0.0'")
        wrong = await tab.run("document.querySelector('#wrongs').textContent")
        assert "'session.audio.output.voice' since the beta API" in wrong

        # One event whole, found by its words, and a piece of sound.
        await tab.run("document.querySelector('#search').focus()")
        await tab.type("opening_hours")
        await tab.until(f"{ROWS}.every((each) => !each.startsWith('response.created'))")
        await tab.run("document.querySelector('#log button').click()")
        await tab.until(
            "document.querySelector('#detail pre').textContent"
            ".includes('opening_hours')"
        )
        await tab.run(
            "document.getElementById('search').value = 'audio.delta'; "
            "document.getElementById('sound').click()"
        )
        await tab.until(f"{ROWS}.length > 5")
        await tab.run("document.querySelector('#log button').click()")
        await tab.until("document.querySelector('#detail .wave')")
        await look(tab, "watch-proxy")
        await _closed(tab, window)


async def test_what_was_recorded_is_opened(browser: Chromium, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    async with converse(Board("proxy"), folder) as (_, proxied):
        await proxied()
    (cassette,) = folder.iterdir()
    board = Board("files")
    report = tmp_path / "report.json"
    report.write_text(
        '{"app": "mine", "calls": 2, "latency_ms": {"total": {"p50": 5}}}'
    )
    open_files(board, [cassette, report])
    window = Window(board)
    async with window.opened():
        tab = await _opened(browser, window)
        await tab.until("document.querySelectorAll('.bar.agent').length === 2")
        await tab.until(
            "document.querySelector('#report td + td').textContent === '5.0'"
        )
        await look(tab, "watch-files")
        await _closed(tab, window)


async def test_a_pipeline_is_drawn_while_it_runs(
    browser: Chromium, tmp_path: Path
) -> None:
    script = Script(replies=[Line(say="We are open from six to eleven.")])
    stuck = Stuck()
    with watching(title="front desk", tell=lambda _: None) as link:
        async with open_session(
            connect=simulated(script), turn_detection="local"
        ) as session:
            model = Realtime(session)
            caller = WavSource(example_wav())
            pipeline = Pipeline(
                caller.heard >> Vad() >> Resample(24_000) >> model.hears,
                model.says >> WavSink(tmp_path / "a.wav", format=PCM).speaks,
                caller.heard >> stuck.hears,
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                tab = await browser.tab()
                await tab.open(link)
                await tab.until("document.querySelector('.box.full')")
                text = "document.querySelector('#graph').textContent"
                await tab.until(f"{text}.includes('% busy')")
                await tab.until(f"{text}.includes('hears FULL')")
                await look(tab, "watch-pipeline")
                stuck.may.set()
                await tab.until("!document.querySelector('.box.full')")
                await tab.until("document.querySelector('#lag').textContent")
                await tab.until("document.querySelectorAll('.bar.agent').length === 1")
                assert not tab.seen.complaints
                await tab.tell("Page.close")


async def test_without_the_word_there_is_nothing_to_see(browser: Chromium) -> None:
    window = Window(Board("test"))
    async with window.opened():
        tab = await browser.tab()
        await tab.open(window.url())
        await tab.until(
            "document.querySelector('#status').textContent"
            " === 'Open the link that was printed'"
        )
        await tab.tell("Page.close")
