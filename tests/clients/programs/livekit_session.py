"""LiveKit's realtime session, without a room: what its `AgentSession` drives."""

import asyncio
import json

from caller import HTTP, KEY, MODEL, RATE, chunks, converse, tell, turn, voice, weather
from livekit import rtc
from livekit.agents import llm
from livekit.plugins.openai.realtime import RealtimeModel


@llm.function_tool
async def get_weather(city: str) -> dict:
    """Tell the weather of a city."""
    return weather(city)


async def main():
    """Hold the conversation."""
    model = RealtimeModel(model=MODEL, base_url=HTTP, api_key=KEY)
    session = model.session()
    generations = asyncio.Queue()
    starts = asyncio.Queue()
    session.on("error", lambda error: generations.put_nowait(error.error))
    session.on("generation_created", generations.put_nowait)
    session.on("input_speech_started", starts.put_nowait)

    def speak(audio):
        for chunk in audio:
            session.push_audio(rtc.AudioFrame(chunk, RATE, 1, len(chunk) // 2))

    async def next_generation():
        generation = await generations.get()
        if isinstance(generation, Exception):
            raise generation
        return generation

    await session.update_tools([get_weather])
    speak(turn())
    await starts.get()
    generation = await next_generation()
    async for call in generation.function_stream:
        answer = await get_weather(**json.loads(call.arguments))
        context = session.chat_ctx.copy()
        context.items.append(
            llm.FunctionCallOutput(
                call_id=call.call_id,
                name=call.name,
                output=json.dumps(answer),
                is_error=False,
            )
        )
        await session.update_chat_ctx(context)
        session.generate_reply()

    generation = await next_generation()
    async for message in generation.message_stream:
        audio = aiter(message.audio_stream)
        await anext(audio)
        speak(chunks(voice(600)))
        await starts.get()
        tell(interrupted=True)
        # No session.interrupt(): the service has cut it, and might refuse to again.
        session.truncate(
            message_id=message.message_id, modalities=["audio"], audio_end_ms=20
        )
        async for _ in audio:
            pass
        tell(said="".join([text async for text in message.text_stream]))

    speak(chunks(bytes(800 * 48)))
    generation = await next_generation()
    async for message in generation.message_stream:
        tell(said="".join([text async for text in message.text_stream]))
    await session.aclose()
    await model.aclose()


converse(main)
