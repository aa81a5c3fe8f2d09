"""Strands Agents' `BidiAgent`."""

from caller import KEY, MODEL, WS, chunks, converse, tell, turn, voice, weather
from strands import tool
from strands.bidi.agent import BidiAgent
from strands.bidi.models.openai import realtime
from strands.bidi.types.media import AudioDelta

realtime.OPENAI_REALTIME_URL = f"{WS}/realtime"  # there is no argument for it


@tool
def get_weather(city: str) -> dict:
    """Tell the weather of a city.

    Args:
        city: its name.
    """
    return {"status": "success", "content": [{"json": weather(city)}]}


async def main():
    """Hold the conversation."""
    model = realtime.OpenAIRealtimeModel(
        model_id=MODEL, api_key=KEY, transcription_model_id="whisper-1"
    )
    async with BidiAgent(model=model, tools=[get_weather]) as agent:

        async def speak(audio):
            for chunk in audio:
                await agent.send(AudioDelta(format="pcm", source={"bytes": chunk}))

        await speak(turn())
        speaking = False
        async for event in agent.receive():
            match event.get("type"):
                case "bidi_audio_delta" if not speaking:
                    speaking = True
                    await speak(chunks(voice(600)))
                case "bidi_barge_in" if speaking:
                    tell(interrupted=True)
                    await speak(chunks(bytes(800 * 48)))
                case "bidi_transcript_block" if event["role"] == "assistant":
                    tell(said=event["transcript"])
                    if event["transcript"] == "Goodbye.":
                        return


converse(main)
