// OpenAI's Agents SDK for JavaScript.
const { RealtimeAgent, RealtimeSession, tool } = require('@openai/agents-realtime');
const { z } = require('zod');
const { KEY, MODEL, WS, tell, turn, voice, silence, weather, within } = require('./caller.cjs');

const agent = new RealtimeAgent({
  name: 'weather',
  instructions: 'Tell the weather.',
  tools: [
    tool({
      name: 'get_weather',
      description: 'Tell the weather of a city.',
      parameters: z.object({ city: z.string() }),
      execute: async ({ city }) => weather(city),
    }),
  ],
});

async function main(done) {
  const session = new RealtimeSession(agent, {
    transport: 'websocket',
    model: MODEL,
    tracingDisabled: true, // traces would go to OpenAI's servers
  });
  const speak = (audio) => session.sendAudio(audio);
  let speaking = false;
  session.on('error', ({ error }) => done(error));
  session.on('audio', () => {
    if (!speaking) speak(voice(600));
    speaking = true;
  });
  session.on('audio_interrupted', () => {
    tell({ interrupted: true });
    speak(silence(800));
  });
  session.on('transport_event', (event) => {
    if (event.type === 'response.output_audio_transcript.done') tell({ said: event.transcript });
    if (event.type === 'response.done' && speaking && event.response.status === 'completed') {
      session.close();
      done();
    }
  });
  await session.connect({ apiKey: KEY, url: `${WS}/realtime?model=${MODEL}` });
  for (const chunk of turn()) speak(chunk);
}

within(main);
