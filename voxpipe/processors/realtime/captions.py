"""Words in step with the voice: transcripts come before their sound is heard."""

from __future__ import annotations

from dataclasses import replace

from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import Input, Output, Processor, Transcript, Turn
from voxpipe.pipeline.runtime.recent import Recent

from .protocol.words import first_words

STEP = 0.05  # seconds between two looks at the playhead: a third of a short word
FASTEST = 25.0  # characters a second; nobody speaks faster
STUCK = 5.0  # seconds without progress, after the last words: nobody plays them
_REMEMBERED = 256  # items that were told to their end


class Captions(Processor):
    """Tells the agent's words as they are heard, and the caller's as they come.

    The model's words run ahead of its voice by up to many seconds. Here they wait for
    the playhead, and stop where the reply was cut. Words carry no time, so each has its
    share of the sound: it may be told half a second too soon or too late.

    Attributes:
        transcripts: of a `Realtime`.
        heard: the same, with the words that were heard so far in ``text``; ``final``
            when its reply is over.
    """

    transcripts = Input[Transcript](capacity=256)
    heard = Output[Transcript]()

    def __init__(self) -> None:
        self._open: dict[str, Transcript] = {}  # the newest of each item
        self._closed = Recent(_REMEMBERED)  # their end was told
        self._ended = False

    async def run(self) -> None:
        """Tell until all that was said was heard, or cut."""
        self._ended = False
        async with create_task_group() as tasks:
            async for said in self.transcripts:
                if said.of_turn is None:
                    await self.heard.send(said)
                elif said.item_id not in self._closed:
                    is_new = said.item_id not in self._open
                    self._open[said.item_id] = said
                    if is_new:
                        tasks.start_soon(self._follow, said.item_id, said.of_turn)
            self._ended = True

    async def _follow(self, item_id: str, turn: Turn) -> None:
        told, moved = "", current_time()
        while not turn.is_over:
            said, text = self._open[item_id], self._heard_of(item_id, turn)
            if len(text) > len(told):
                told, moved = text, current_time()
                await self.heard.send(
                    replace(said, text=text, final=False, played=None)
                )
            elif self._ended and current_time() - moved > STUCK:
                break
            await sleep(STEP)
        text = self._heard_of(item_id, turn)
        said = self._open.pop(item_id)
        self._closed.add(item_id)
        await self.heard.send(replace(said, text=text, final=True))

    def _heard_of(self, item_id: str, turn: Turn) -> str:
        said = self._open[item_id]
        parts = [part for part in turn.items() if part.item_id == item_id]
        generated = sum(part.generated for part in parts)
        if turn.state == "played" or not said.text:
            return said.text
        if not generated:
            return ""
        played = sum(part.played for part in parts)
        share = played / generated
        if not turn.is_over:  # more may come, of words or of sound
            share = min(share, FASTEST * played / len(said.text))
        return first_words(said.text, share)
