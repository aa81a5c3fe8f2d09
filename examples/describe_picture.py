"""Describe a picture aloud: a file goes in, a WAV file and its words come out.

    python examples/describe_picture.py photo.jpg "What is the person holding?"

needs OPENAI_API_KEY. Its test needs none: `pytest examples/describe_picture.py`.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from voxpipe.pipeline import AudioFormat, Image, Output, Pipeline, Processor, Text
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.simulator import Line, Script, simulated
from voxpipe.transports import WavSink

PCM = AudioFormat("pcm16", 24_000)
QUESTIONS = ("Describe this picture to somebody who cannot see it, in two sentences.",)
INSTRUCTIONS = "You describe pictures to people who cannot see them. Be exact."


class Visitor(Processor):
    """Shows a picture, and asks one question after the other about it."""

    shows = Output[Image | Text]()

    def __init__(self, picture: Image, questions: tuple[str, ...]) -> None:
        self._picture = picture
        self._questions = questions

    async def run(self) -> None:
        """The model answers each in its turn, the last one also when we have gone."""
        await self.shows.send(self._picture)
        for question in self._questions:
            await self.shows.send(Text(text=question))


async def describe(
    picture: Image, questions: tuple[str, ...], spoken: Path, **session_options: Any
) -> list[str]:
    """Have a picture described into a WAV file; the same in words, by question."""
    visitor = Visitor(picture, questions)
    async with open_session(
        instructions=INSTRUCTIONS, turn_detection="manual", audio=PCM, **session_options
    ) as session:
        model, loudspeaker = Realtime(session), WavSink(spoken, PCM, gaps="nothing")
        await Pipeline(
            visitor.shows >> model.reads, model.says >> loudspeaker.speaks
        ).run()
        return [entry.text for entry in model.history if entry.role == "agent"]


# --- its test: the simulator checks the picture, and says what the script says

SCRIPT = Script(
    replies=[
        Line(say="A red square in the middle of a white field. Nothing else."),
        Line(say="It is as red as a fire engine."),
    ]
)


def test_a_picture_is_described_aloud(tmp_path: Path) -> None:
    """Seven seconds of speech in a moment."""
    pixels = np.full((90, 120, 3), 255, dtype=np.uint8)
    pixels[30:60, 45:75] = (220, 20, 20)
    words = run_virtual(
        functools.partial(
            describe,
            Image.of_array(pixels, detail="low"),
            (*QUESTIONS, "How red is it?"),
            tmp_path / "described.wav",
            connect=simulated(SCRIPT),
        )
    )
    assert words == [
        "A red square in the middle of a white field. Nothing else.",
        "It is as red as a fire engine.",
    ]
    seconds = (tmp_path / "described.wav").stat().st_size / PCM.bytes_in(1)
    assert seconds > 3


if __name__ == "__main__":
    asked = tuple(sys.argv[2:]) or QUESTIONS
    target = Path(sys.argv[1]).with_suffix(".wav")
    for answer in anyio.run(describe, Image.open(sys.argv[1]), asked, target):
        print(answer)
