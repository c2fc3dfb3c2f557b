// Plays the riff and the takes together, on one clock, from the first bar.

let context = null;
const tracks = new Map();
let sources = [];
let startedAt = 0;
let playing = false;
let length = 0;

function audio() {
  if (!context) context = new AudioContext({ latencyHint: "interactive" });
  return context;
}

/** Decodes one file into a track; `offset` is where bar 1 lies in it, in seconds. */
export async function load(name, bytes, offset = 0, volume = 0.8) {
  const buffer = await audio().decodeAudioData(bytes);
  const known = tracks.get(name);
  const gain = known ? known.gain : audio().createGain();
  if (!known) {
    gain.gain.value = volume;
    gain.connect(audio().destination);
  }
  tracks.set(name, { buffer, offset, gain, volume: known ? known.volume : volume, heard: known ? known.heard : true });
  if (playing) restart();
  return buffer;
}

export function forget(name) { tracks.delete(name); }
export function setLength(seconds) { length = seconds; }
export function isPlaying() { return playing; }

export function mix(name, { volume, heard }) {
  const track = tracks.get(name);
  if (!track) return;
  if (volume !== undefined) track.volume = volume;
  if (heard !== undefined) track.heard = heard;
  track.gain.gain.setTargetAtTime(track.heard ? track.volume : 0, audio().currentTime, 0.02);
}

export async function play() {
  await audio().resume();
  playing = true;
  begin(audio().currentTime + 0.08, 0);
}

export function stop() {
  playing = false;
  for (const source of sources) source.stop();
  sources = [];
}

/** Seconds since bar 1, within the loop. */
export function position() {
  if (!playing || !length) return 0;
  return Math.max(0, audio().currentTime - startedAt) % length;
}

function restart() {
  const at = position();
  for (const source of sources) source.stop();
  begin(audio().currentTime + 0.05, at);
}

function begin(when, at) {
  startedAt = when - at;
  sources = [...tracks.values()].map((track) => {
    const source = audio().createBufferSource();
    source.buffer = track.buffer;
    source.loop = true;
    source.loopStart = track.offset;
    source.loopEnd = Math.min(track.buffer.duration, track.offset + length);
    source.connect(track.gain);
    source.start(when, track.offset + (at % Math.max(0.01, source.loopEnd - track.offset)));
    return source;
  });
}
