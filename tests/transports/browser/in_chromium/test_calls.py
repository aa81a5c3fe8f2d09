"""Chromium talks to `voxpipe serve --simulator`: the whole way, and nothing in hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from voxpipe.console.assistant import GREETING
from voxpipe.pipeline.png import png_of
from voxpipe.simulator.voices.speech import find_voice

from ....console.serving import ROOT, Served, served
from .cable import cable
from .chromium import Chromium, Tab, chromium
from .conftest import HOOK, STATUS, strangers
from .sound import Sound, found, played, write_wav
from .stand_in import RATE

LOG = "document.querySelector('[role=log]').innerText"
SILENT = 200  # ms, from the first loud sample to the last of the agent's
LONG = "I could go on about the history of this house for a very long time. " * 5
STORYTELLER = f"""
from voxpipe import Call, Pipeline, Realtime, open_session

async def answer(call: Call) -> None:
    async with open_session(audio=call.format) as session:
        model = Realtime(session)
        pipeline = Pipeline(call.heard >> model.hears, model.says >> call.speaks)
        model.say({LONG!r})
        await pipeline.run()
"""
# How long the agent sounded on, once the microphone was loud, in ms; null until the
# loudspeaker was silent for 0.1 s.
SOUNDED_ON = """(() => {
  const loud = heard.find(({ tap }) => tap.some((each) => Math.abs(each) > 0.03));
  if (!loud) return null;
  const after = sound.filter(({ frame }) => frame >= loud.frame);
  const enough = 0.1 * call.context.sampleRate / 128;
  let silent = 0;
  for (const { tap, frame } of after) {
    silent = tap.every((each) => each === 0) ? silent + 1 : 0;
    if (silent > enough) {
      const samples = frame - silent * 128 - loud.frame;
      return samples / call.context.sampleRate * 1000 + 0.001; // nothing is null
    }
  }
  return null;
})()"""


@pytest.fixture(scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Chromium]:
    """With a microphone that hears nothing."""
    file = tmp_path_factory.mktemp("microphone") / "silence.wav"
    write_wav(file, np.zeros(48_000), 48_000)
    async with chromium(file, once=False) as browser:
        yield browser


@asynccontextmanager
async def serving(*arguments: str, cwd: Path = ROOT) -> AsyncGenerator[Served]:
    """`voxpipe serve --simulator`."""
    async with served("--simulator", "--drain", "0.1", *arguments, cwd=cwd) as server:
        yield server
        server.process.terminate()


@asynccontextmanager
async def talking(browser: Chromium, url: str) -> AsyncGenerator[Tab]:
    """A page of its own that has pressed Talk; it must not complain."""
    tab = await browser.tab()
    await tab.open(url, first=HOOK)
    await tab.click("Talk")
    await tab.until(f"{STATUS} === 'Speaking'")
    yield tab
    assert not tab.seen.complaints
    assert not strangers(tab, url)
    await tab.tell("Page.close")


def _first_words(text: str) -> Sound:
    """As the simulator speaks them: those after sound a little different."""
    program = (
        "import sys; from voxpipe.simulator.voices.speech import find_voice; "
        "sys.stdout.buffer.write(find_voice().speak(sys.argv[1], 'alloy', 1.0))"
    )
    command = [sys.executable, "-c", program, text]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60)
    return np.frombuffer(run.stdout, np.int16).astype(np.float64)


def _said_later(path: Path, words: str) -> None:
    """A microphone that hears the words after 6 s, and then nothing for a minute."""
    spoken = np.frombuffer(find_voice().speak(words, "marin", 1.0), np.int16)
    write_wav(path, np.pad(spoken.astype(float), (6 * RATE, 60 * RATE)), RATE)


async def test_the_greeting_is_read_and_heard(browser: Chromium) -> None:
    async with serving() as server, talking(browser, f"{server.url}/") as tab:
        await tab.until(f"{LOG}.includes({GREETING!r})")
        await tab.until(f"{STATUS} === 'Listening'")
        heard, rate = await played(tab)
        assert found(heard, rate, _first_words(GREETING)) > 0.7


async def test_what_the_microphone_says_is_answered_with_a_tool(tmp_path: Path) -> None:
    question = tmp_path / "question.wav"
    _said_later(question, "Are you open on Saturday?")
    async with (
        serving() as server,
        chromium(question) as browser,
        talking(browser, f"{server.url}/") as tab,
    ):
        await tab.until(f"{LOG}.includes('The result is')")
        shown = await tab.run("document.querySelector('#numbers').innerText")
        assert "date_and_time" in shown
        assert "Turn 1" in shown
        assert "$" in await tab.run("document.querySelector('#cost').innerText")
        await tab.until(f"{LOG}.includes('(speech,')")
        # Written down late, it stands where it was said.
        lines = await tab.run(f"{LOG}.split('\\n').filter(Boolean)")
        said = next(line for line in lines if line.startswith("(speech,"))
        assert lines.index(said) < next(
            at for at, line in enumerate(lines) if line.startswith("I heard")
        )


async def test_an_interruption_silences_it_at_once(tmp_path: Path) -> None:
    (tmp_path / "storyteller.py").write_text(STORYTELLER)
    shout = tmp_path / "shout.wav"
    _said_later(shout, "Stop it please!")
    async with (
        serving("storyteller:answer", cwd=tmp_path) as server,
        chromium(shout) as browser,
        talking(browser, f"{server.url}/") as tab,
    ):
        await tab.run(
            "window.heard = []; call.tap('microphone', (block) => heard.push(block))"
        )
        await tab.until("call.levels.loudspeaker > 0.01")
        assert not await tab.run("heard.some(({ tap }) => tap.some(Math.abs))")
        assert await tab.until(SOUNDED_ON) <= SILENT
        # And the words that nobody heard are struck through.
        await tab.until("document.querySelector('[role=log] s')?.textContent")


async def test_the_button_silences_it_too(browser: Chromium, tmp_path: Path) -> None:
    (tmp_path / "storyteller.py").write_text(STORYTELLER)
    async with (
        serving("storyteller:answer", cwd=tmp_path) as server,
        talking(browser, f"{server.url}/") as tab,
    ):
        await tab.until("call.levels.loudspeaker > 0.01")
        await tab.click("Interrupt")
        await tab.until(f"{STATUS} === 'Listening'")
        await tab.until("document.querySelector('[role=log] s')?.textContent")
        await tab.until("call.levels.loudspeaker === 0")


async def test_who_is_muted_in_the_middle_of_a_word_is_answered(tmp_path: Path) -> None:
    endless = tmp_path / "endless.wav"
    spoken = np.frombuffer(find_voice().speak("and so on " * 9, "marin", 1), np.int16)
    write_wav(endless, spoken.astype(float), RATE)
    async with serving() as server, chromium(endless, once=False) as browser:
        tab = await browser.tab()
        await tab.open(f"{server.url}/", first=HOOK)
        await tab.click("Talk")
        await tab.until(f"{STATUS} === 'Hearing you'")
        await tab.click("Mute")
        await tab.until(f"{LOG}.includes('seconds of speech')")


async def test_what_is_typed_and_shown_is_answered(
    browser: Chromium, tmp_path: Path
) -> None:
    file = tmp_path / "red.png"
    file.write_bytes(png_of(np.full((60, 80, 3), (200, 30, 20), np.uint8)))
    async with serving() as server, talking(browser, f"{server.url}/") as tab:
        await tab.click("Message", role="textbox")
        await tab.type("Two pizzas please.")
        await tab.press("Enter", 13)
        agent = "[...document.querySelectorAll('.line.agent')].at(-1).innerText"
        await tab.until(f"{agent}.includes('Two pizzas please.')")
        mine = "[...document.querySelectorAll('.line.user')].at(-1).innerText"
        assert "Two pizzas please." in await tab.run(mine)
        await tab.click("Message", role="textbox")
        await tab.type("Like this one.")
        await tab.choose_file("#file", file)
        await tab.until(f"{agent}.includes('Like this one.')")
        assert await tab.run("notices.length") == 0


async def test_a_cut_cable_is_mended_and_the_call_goes_on(browser: Chromium) -> None:
    async with (
        serving() as server,
        cable(server.url) as way,
        talking(browser, way.url) as tab,
    ):
        await tab.run(
            "window.states = []; call.addEventListener('state', "
            "({ detail }) => states.push(detail.state))"
        )
        way.cut()
        await tab.until("call.stats.reconnects === 1")
        assert "reconnecting" in await tab.run("states")
        await tab.until(f"{STATUS} === 'Listening'")
        await tab.click("Message", role="textbox")
        await tab.type("Are you still there?")
        await tab.press("Enter", 13)
        agent = "[...document.querySelectorAll('.line.agent')].at(-1).innerText"
        await tab.until(f"{agent}.includes('still there')")
        # It is the same call: it was greeted once.
        assert await tab.run(f"{LOG}.split('talking to voxpipe').length") == 2


async def test_two_tabs_talk_at_once(browser: Chromium) -> None:
    async with (
        serving() as server,
        talking(browser, f"{server.url}/") as one,
        talking(browser, f"{server.url}/") as other,
    ):
        for tab, words in ((one, "This is the first."), (other, "I am the second.")):
            await tab.click("Message", role="textbox")
            await tab.type(words)
            await tab.press("Enter", 13)
        agent = "[...document.querySelectorAll('.line.agent')].at(-1).innerText"
        await one.until(f"{agent}.includes('the first')")
        await other.until(f"{agent}.includes('the second')")
        assert "the second" not in await one.run(LOG)
