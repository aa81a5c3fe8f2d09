"""The app that `voxpipe serve` runs if it is given none: a friendly assistant.

A program of one's own begins as a copy of this one.
"""

from __future__ import annotations

from datetime import datetime

from voxpipe.pipeline import AudioFormat, Input, Pipeline, Route, Transcript
from voxpipe.processors.audio import Resample
from voxpipe.processors.realtime import Captions, Realtime, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.transports.telephony import Call

GREETING = "Hello, you are talking to voxpipe. What can I do for you?"

INSTRUCTIONS = """\
You are a friendly assistant on the telephone. Answer in one or two short sentences, as
people speak: no lists, no spelling out of addresses. Ask again when the line was bad.
Use date_and_time rather than guess. When the caller says goodbye or has no more
questions, say goodbye in one short sentence and use hang_up.
"""


PCM = AudioFormat("pcm16", 24_000)


@tool
async def date_and_time() -> str:
    """Tell the date, the day of the week and the local time."""
    return datetime.now().astimezone().strftime("%A, %d %B %Y, %H:%M (UTC%z)")


async def answer(call: Call, *, told: Input[Transcript] | None = None) -> None:
    """Talk to one caller, until either side hangs up.

    Args:
        call: theirs.
        told: the words of both, as they are heard, if somebody reads them.
    """
    is_read = told is not None or call.shows_words

    @tool
    async def hang_up() -> str:
        """End the call, as soon as your goodbye has been heard."""
        call.hang_up()
        return "The call ends."

    # G.711 goes straight through; other audio as the model has it, at its rate.
    audio = call.format if call.format.encoding != "pcm16" else PCM
    tools = ToolRouter([date_and_time, hang_up])
    async with open_session(
        instructions=INSTRUCTIONS,
        tools=tools.schemas,
        audio=audio,
        transcription="gpt-transcribe" if is_read else None,
    ) as session:
        model = Realtime(session)
        words = list[Route]()
        if told is not None:
            captions = Captions()
            words = [model.transcripts >> captions.transcripts, captions.heard >> told]
        heard, says = call.heard >> model.hears, model.says >> call.speaks
        if audio.rate != call.format.rate:
            heard = call.heard >> Resample(audio.rate) >> model.hears
            says = model.says >> Resample(call.format.rate) >> call.speaks
        pipeline = Pipeline(
            *words,
            heard,
            says,
            model.calls >> tools.calls,
            tools.results >> model.results,
            model.usage >> call.charges,
        )
        model.say(GREETING)
        await pipeline.run()
