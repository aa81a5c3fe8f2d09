"""The other side of `benchmarks.calls`: the same telephone agent in Pipecat.

Runs under the Python of ``.bench-venv``, which has pipecat-ai and not voxpipe. As its
documentation has it: FastAPI, one WebSocket endpoint, `TwilioFrameSerializer`, 8 kHz on
the telephone's side, `OpenAIRealtimeLLMService` between the two context aggregators.

    python pipecat_calls.py --port 8080 --model ws://127.0.0.1:8081/v1 --vad server

``--vad server``: the service decides on turns. ``--vad silero``: Silero does, in this
process, after 500 ms of silence. (What Pipecat would do by default after Silero, a
second model that judges whether the sentence is complete, is left out.)

Bare, to be fair: no RTVI, observers, turn tracking, idle timeout, metrics, or logging.
All calls share one process and one loop, as they do in the others.
"""

import argparse

from loguru import logger

logger.remove()
logger.disable("pipecat")

import uvicorn  # noqa: E402  # silenced before it logs
from fastapi import FastAPI, WebSocket  # noqa: E402
from pipecat.audio.vad.silero import SileroVADAnalyzer  # noqa: E402
from pipecat.pipeline.pipeline import Pipeline  # noqa: E402
from pipecat.pipeline.worker import PipelineParams, PipelineWorker  # noqa: E402
from pipecat.processors.aggregators.llm_context import LLMContext  # noqa: E402
from pipecat.processors.aggregators.llm_response_universal import (  # noqa: E402
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.runner.utils import parse_telephony_websocket  # noqa: E402
from pipecat.serializers.twilio import TwilioFrameSerializer  # noqa: E402
from pipecat.services.openai.realtime.events import (  # noqa: E402
    AudioConfiguration,
    AudioInput,
    SessionProperties,
    TurnDetection,
)
from pipecat.services.openai.realtime.llm import (  # noqa: E402
    OpenAIRealtimeLLMService,
)
from pipecat.transports.websocket.fastapi import (  # noqa: E402
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)
from pipecat.turns.user_start import VADUserTurnStartStrategy  # noqa: E402
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy  # noqa: E402
from pipecat.turns.user_turn_strategies import (  # noqa: E402
    ExternalUserTurnStrategies,
    UserTurnStrategies,
)
from pipecat.workers.runner import WorkerRunner  # noqa: E402

# Silero calls it silence after 200 ms; this is what is missing to 500.
MORE_SILENCE = 0.3  # seconds


def turns(vad):
    """What decides on turns, on either side of the service."""
    if vad == "server":
        # Said here rather than found out from the service's metadata: until then the
        # aggregator would load a model that it does not need.
        ours = LLMUserAggregatorParams(
            user_turn_strategies=ExternalUserTurnStrategies()
        )
        return TurnDetection(silence_duration_ms=500), ours
    stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=MORE_SILENCE)
    strategies = UserTurnStrategies(start=[VADUserTurnStartStrategy()], stop=[stop])
    return False, LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=strategies
    )


async def answer(websocket, model, vad):
    """Take a call."""
    await websocket.accept()
    _, call = await parse_telephony_websocket(websocket)
    transport = FastAPIWebsocketTransport(
        websocket=websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            serializer=TwilioFrameSerializer(
                stream_sid=call["stream_id"],
                params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
            ),
        ),
    )
    detection, user_params = turns(vad)
    llm = OpenAIRealtimeLLMService(
        api_key="sk-none",
        base_url=f"{model}/realtime",
        settings=OpenAIRealtimeLLMService.Settings(
            session_properties=SessionProperties(
                audio=AudioConfiguration(input=AudioInput(turn_detection=detection))
            )
        ),
    )
    user, assistant = LLMContextAggregatorPair(LLMContext(), user_params=user_params)
    worker = PipelineWorker(
        Pipeline([transport.input(), user, llm, transport.output(), assistant]),
        params=PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000),
        cancel_on_idle_timeout=False,
        check_dangling_tasks=False,
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
    )

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(transport, client):
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def main():
    """Serve until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--model", default="ws://127.0.0.1:8081/v1")
    parser.add_argument("--vad", choices=("server", "silero"), default="server")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    given = parser.parse_args()
    app = FastAPI()

    @app.websocket("/twilio")
    async def twilio(websocket: WebSocket):
        await answer(websocket, given.model, given.vad)

    uvicorn.run(
        app,
        host="127.0.0.1",
        port=given.port,
        loop=given.loop,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
