// What the JavaScript programs share, as caller.py is for those in Python.
const HTTP = process.env.OPENAI_BASE_URL;
const KEY = process.env.OPENAI_API_KEY;

/** Print a line of JSON. */
function tell(line) {
  console.log(JSON.stringify(line));
}

/** Be the tool. */
function weather(city) {
  tell({ tool: 'get_weather', arguments: { city } });
  return { celsius: 21 };
}

/** Something that is taken for speech, 16-bit mono at 24 kHz: a square wave of 200 Hz. */
function voice(ms) {
  const samples = new Int16Array(ms * 24);
  samples.forEach((_, at) => {
    samples[at] = at % 120 < 60 ? 10_000 : -10_000;
  });
  return samples.buffer;
}

/** Nobody speaks. */
function silence(ms) {
  return new ArrayBuffer(ms * 48);
}

/** Run `main(done)` until it calls `done` or fails. */
function within(main) {
  const seconds = 30; // for a conversation that takes one or two
  const fail = (error) => {
    console.error(error);
    process.exit(1);
  };
  setTimeout(() => fail(`no end after ${seconds} s`), seconds * 1000).unref();
  main((error) => (error ? fail(error) : process.exit(0))).catch(fail);
}

module.exports = {
  HTTP,
  KEY,
  WS: HTTP.replace('http', 'ws'),
  MODEL: 'gpt-realtime-2.1',
  turn: () => [silence(300), voice(600), silence(800)],
  tell,
  weather,
  voice,
  silence,
  within,
};
