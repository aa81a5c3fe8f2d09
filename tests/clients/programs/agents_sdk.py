"""OpenAI's Agents SDK for Python."""

from agents import function_tool, set_tracing_disabled
from agents.realtime import RealtimeAgent, RealtimeRunner
from caller import KEY, MODEL, WS, chunks, converse, tell, turn, voice, weather

SETTINGS = {
    "model_name": MODEL,
    "audio": {
        "input": {
            "format": "pcm16",
            "transcription": {"model": "whisper-1"},
            "turn_detection": {"type": "server_vad", "interrupt_response": True},
        },
        "output": {"format": "pcm16", "voice": "marin"},
    },
}


def get_weather(city: str) -> dict:
    """Tell the weather of a city."""
    return weather(city)


async def main():
    """Hold the conversation."""
    set_tracing_disabled(True)  # traces would go to OpenAI's servers
    agent = RealtimeAgent(
        name="weather",
        instructions="Tell the weather.",
        tools=[function_tool(get_weather)],
    )
    session = await RealtimeRunner(agent).run(
        model_config={
            "url": f"{WS}/realtime?model={MODEL}",
            "api_key": KEY,
            "initial_model_settings": SETTINGS,
        }
    )
    async with session:

        async def speak(audio):
            for chunk in audio:
                await session.send_audio(chunk)

        await speak(turn())
        speaking = False
        async for event in session:
            match event.type:
                case "error":
                    raise RuntimeError(str(event.error))
                case "audio" if not speaking:
                    speaking = True
                    await speak(chunks(voice(600)))
                case "audio_interrupted":
                    tell(interrupted=True)
                    await speak(chunks(bytes(800 * 48)))
                case "raw_model_event" if event.data.type == "raw_server_event":
                    raw = event.data.data
                    if raw["type"] == "response.output_audio_transcript.done":
                        tell(said=raw["transcript"])
                    if (
                        raw["type"] == "response.done"
                        and speaking
                        and raw["response"]["status"] == "completed"
                    ):
                        return


converse(main)
