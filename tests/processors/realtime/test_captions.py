"""Words told as they are heard."""

from __future__ import annotations

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    ReplyFrame,
    Transcript,
    Turn,
)
from voxpipe.pipeline.testing import Source
from voxpipe.processors.realtime import Captions
from voxpipe.transports import MemoryPhone

from .loops import BACKENDS, Backend, run_virtually

PCM = AudioFormat("pcm16", 24_000)
WORDS = "one two three four five six seven eight nine ten"


class Screen(Processor):
    """Notes what is shown, and when."""

    lines = Input[Transcript]()

    def __init__(self) -> None:
        self.shown: list[tuple[float, str, bool]] = []

    async def run(self) -> None:
        began = current_time()
        async for line in self.lines:
            self.shown.append((current_time() - began, line.text, line.final))


class Agent(Processor):
    """Says ten words in ten seconds; all of it is made at once, the words first."""

    says = Output[ReplyFrame]()
    transcripts = Output[Transcript]()

    def __init__(self) -> None:
        self.turn = Turn("reply")

    async def run(self) -> None:
        for text, final in ((WORDS[:23], False), (WORDS, True)):
            said = Transcript(
                speaker="agent",
                text=text,
                final=final,
                item_id="item",
                of_turn=self.turn,
            )
            await self.transcripts.send(said)
        starts = [self.turn.grow(0.25, "item") for _ in range(40)]
        data = PCM.silence(0.25)
        for start in starts:
            await self.says.send(
                AudioFrame(data=data, format=PCM, start=start, turn=self.turn)
            )
        await self.says.send(ReplyEnd(turn=self.turn))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cut_at", [None, 3.5])
def test_each_word_is_told_when_it_was_heard_and_none_that_was_cut(
    backend: Backend, cut_at: float | None
) -> None:
    async def conversation() -> list[tuple[float, str, bool]]:
        agent, captions, screen = Agent(), Captions(), Screen()
        phone = MemoryPhone(PCM)
        pipeline = Pipeline(
            agent.transcripts >> captions.transcripts,
            captions.heard >> screen.lines,
            agent.says >> phone.speaks,
        )
        async with create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            if cut_at is not None:
                await sleep(cut_at)
                agent.turn.cut()
        return screen.shown

    shown = run_virtually(backend, conversation)
    *steps, (_, last, final) = shown
    heard = WORDS.split()[: None if cut_at is None else 3]
    assert (last, final) == (" ".join(heard), True)
    for at, text, final in steps:
        assert not final
        words = text.split()
        assert words == heard[: len(words)]
        assert len(words) <= at <= len(words) + 0.3
    assert len(steps) >= len(heard) - 1


async def test_what_a_caller_says_is_passed_on_as_it_is() -> None:
    said = Transcript(speaker="user", text="Hello?", item_id="item")
    source, captions, screen = Source([said]), Captions(), Screen()
    await Pipeline(
        source.output >> captions.transcripts, captions.heard >> screen.lines
    ).run()
    assert [(text, final) for _, text, final in screen.shown] == [("Hello?", True)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_ends_though_nobody_plays_the_reply(backend: Backend) -> None:
    async def conversation() -> list[tuple[float, str, bool]]:
        said = Transcript(
            speaker="agent", text=WORDS, item_id="item", of_turn=Turn("reply")
        )
        source, captions, screen = Source([said]), Captions(), Screen()
        await Pipeline(
            source.output >> captions.transcripts, captions.heard >> screen.lines
        ).run()
        return screen.shown

    ((_, text, final),) = run_virtually(backend, conversation)
    assert (text, final) == ("", True)
