"""Pipecat's OpenAI realtime service, between the two context aggregators.

As in its own examples the model speaks first: that is when the session is set up.
"""

import asyncio
import sys

from caller import KEY, MODEL, RATE, WS, chunks, converse, tell, turn, voice, weather
from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.workers.runner import WorkerRunner

WEATHER = FunctionSchema(
    name="get_weather",
    description="Tell the weather of a city.",
    properties={"city": {"type": "string"}},
    required=["city"],
)


class Listener(FrameProcessor):
    """Where the loudspeaker would be: it hands on what comes to the caller."""

    def __init__(self):
        super().__init__()
        self.heard = asyncio.Queue()

    async def process_frame(self, frame, direction):
        """Take a frame."""
        await super().process_frame(frame, direction)
        self.heard.put_nowait(frame)
        await self.push_frame(frame, direction)


async def get_weather(params):
    """Tell the weather of a city."""
    await params.result_callback(weather(**params.arguments))


async def main():
    """Hold the conversation."""
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    llm = OpenAIRealtimeLLMService(
        api_key=KEY,
        base_url=f"{WS}/realtime",
        settings=OpenAIRealtimeLLMService.Settings(model=MODEL),
    )
    llm.register_function("get_weather", get_weather)
    user, assistant = LLMContextAggregatorPair(
        LLMContext(tools=ToolsSchema(standard_tools=[WEATHER])),
        # Said here rather than found out: until then it would load a model of its own.
        user_params=LLMUserAggregatorParams(
            user_turn_strategies=ExternalUserTurnStrategies()
        ),
    )
    listener = Listener()
    worker = PipelineWorker(
        Pipeline([user, llm, listener, assistant]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
    )

    @worker.event_handler("on_pipeline_error")
    async def on_pipeline_error(_worker, error):
        listener.heard.put_nowait(error)

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())

    async def speak(audio):
        for chunk in audio:
            frame = InputAudioRawFrame(audio=chunk, sample_rate=RATE, num_channels=1)
            await worker.queue_frame(frame)

    await worker.queue_frame(LLMRunFrame())
    words, greeted, speaking = "", False, False
    while words != "Goodbye.":
        match await listener.heard.get():
            case ErrorFrame() as error:
                raise RuntimeError(error.error)
            case TTSTextFrame() as frame:
                words += frame.text
            case LLMFullResponseStartFrame():
                words = ""  # what came behind an interruption is of nobody's reply
            case LLMFullResponseEndFrame() if not greeted:
                greeted = True
                await speak(turn())
            case TTSAudioRawFrame() if greeted and not speaking:
                speaking = True
                await speak(chunks(voice(600)))
            case InterruptionFrame() if speaking:
                tell(interrupted=True)
                tell(said=words)
                await speak(chunks(bytes(800 * 48)))
    tell(said=words)
    await worker.queue_frame(EndFrame())
    await running


converse(main)
