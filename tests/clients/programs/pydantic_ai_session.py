"""Pydantic AI's realtime session, which truncates by what was played."""

from caller import HTTP, KEY, MODEL, chunks, converse, tell, turn, voice, weather
from pydantic_ai import Agent
from pydantic_ai.messages import (
    PartDeltaEvent,
    PartEndEvent,
    RealtimeInputSpeechStartEvent,
    RealtimeSessionErrorEvent,
    RealtimeTurnCompleteEvent,
    SpeechPart,
    SpeechPartDelta,
)
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.realtime.openai import OpenAIRealtimeModel

agent = Agent(instructions="Tell the weather.")


@agent.tool_plain
async def get_weather(city: str) -> dict:
    """Tell the weather of a city."""
    return weather(city)


async def main():
    """Hold the conversation."""
    provider = OpenAIProvider(base_url=HTTP, api_key=KEY)
    model = OpenAIRealtimeModel(MODEL, provider=provider)
    async with agent.realtime(model).session() as session:

        async def speak(audio):
            for chunk in audio:
                await session.send_audio(chunk)

        await speak(turn())
        speaking, said = False, 0
        async for event in session:
            match event:
                case RealtimeSessionErrorEvent():
                    raise RuntimeError(event.message)
                case PartDeltaEvent(delta=SpeechPartDelta(speaker="assistant")) if (
                    not speaking
                ):
                    speaking = True
                    await speak(chunks(voice(600)))
                case RealtimeInputSpeechStartEvent() if speaking:
                    tell(interrupted=True)
                    await session.interrupt(played_ms=20)
                    await speak(chunks(bytes(800 * 48)))
                case PartEndEvent(part=SpeechPart(speaker="assistant") as part):
                    tell(said=part.transcript)
                    said += 1
                case RealtimeTurnCompleteEvent() if said == 2:
                    return


converse(main)
