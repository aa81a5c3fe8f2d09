"""OpenAI's SDK for Python."""

import base64
import json

from caller import (
    HTTP,
    KEY,
    MODEL,
    WEATHER,
    chunks,
    converse,
    tell,
    turn,
    voice,
    weather,
)
from openai import AsyncOpenAI


async def main():
    """Hold the conversation."""
    client = AsyncOpenAI(base_url=HTTP, api_key=KEY)
    async with client.realtime.connect(model=MODEL) as connection:

        async def speak(audio):
            for chunk in audio:
                encoded = base64.b64encode(chunk).decode()
                await connection.input_audio_buffer.append(audio=encoded)

        await connection.session.update(
            session={
                "type": "realtime",
                "tools": [WEATHER],
                "audio": {"input": {"transcription": {"model": "whisper-1"}}},
            }
        )
        await speak(turn())
        playing = None
        async for event in connection:
            match event.type:
                case "error":
                    raise RuntimeError(event.error.message)
                case "response.function_call_arguments.done":
                    answer = weather(**json.loads(event.arguments))
                    await connection.conversation.item.create(
                        item={
                            "type": "function_call_output",
                            "call_id": event.call_id,
                            "output": json.dumps(answer),
                        }
                    )
                    await connection.response.create()
                case "response.output_audio.delta" if playing is None:
                    playing = event.item_id
                    await speak(chunks(voice(600)))
                case "input_audio_buffer.speech_started" if playing:
                    tell(interrupted=True)
                    await connection.conversation.item.truncate(
                        item_id=playing, content_index=0, audio_end_ms=20
                    )
                    await speak(chunks(bytes(800 * 48)))
                case "response.output_audio_transcript.done":
                    tell(said=event.transcript)
                case "response.done" if event.response.output[-1:] and (
                    event.response.status == "completed" and playing
                ):
                    return


converse(main)
