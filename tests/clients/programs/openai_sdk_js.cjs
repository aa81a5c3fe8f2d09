// OpenAI's SDK for JavaScript: it speaks wss:// only.
const { OpenAI } = require('openai');
const { OpenAIRealtimeWS } = require('openai/realtime/ws');
const { HTTP, KEY, MODEL, tell, turn, voice, silence, weather, within } = require('./caller.cjs');

const TOOL = {
  type: 'function',
  name: 'get_weather',
  description: 'Tell the weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

async function main(done) {
  const client = new OpenAI({ baseURL: HTTP, apiKey: KEY });
  const connection = new OpenAIRealtimeWS({ model: MODEL }, client);
  const speak = (audio) =>
    connection.send({
      type: 'input_audio_buffer.append',
      audio: Buffer.from(audio).toString('base64'),
    });
  let playing = null;
  connection.on('error', done);
  connection.socket.on('open', () => {
    connection.send({
      type: 'session.update',
      session: {
        type: 'realtime',
        tools: [TOOL],
        audio: { input: { transcription: { model: 'whisper-1' } } },
      },
    });
    turn().forEach(speak);
  });
  connection.on('response.function_call_arguments.done', (event) => {
    const answer = weather(JSON.parse(event.arguments).city);
    connection.send({
      type: 'conversation.item.create',
      item: {
        type: 'function_call_output',
        call_id: event.call_id,
        output: JSON.stringify(answer),
      },
    });
    connection.send({ type: 'response.create' });
  });
  connection.on('response.output_audio.delta', (event) => {
    if (playing) return;
    playing = event.item_id;
    speak(voice(600));
  });
  connection.on('input_audio_buffer.speech_started', () => {
    if (!playing) return;
    tell({ interrupted: true });
    connection.send({
      type: 'conversation.item.truncate',
      item_id: playing,
      content_index: 0,
      audio_end_ms: 20,
    });
    speak(silence(800));
  });
  connection.on('response.output_audio_transcript.done', (event) => tell({ said: event.transcript }));
  connection.on('response.done', (event) => {
    if (playing && event.response.status === 'completed') done();
  });
}

within(main);
