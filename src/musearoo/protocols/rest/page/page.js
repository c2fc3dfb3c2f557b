// The one page: drop a riff, see what was heard, hear the band, take the files home.

import * as api from "./api.js";
import * as sound from "./sound.js";

const $ = (id) => document.getElementById(id);
const ENGINES = ["drummaroo", "bassaroo", "harmonyroo", "melodyroo"];
const TICKS = 960;
const music = { project: null, origin: 0, bars: 0, beatsPerBar: 4, bpm: 120, engines: [] };
const takes = new Map();

const say = (text) => { $("status").textContent = text; };
const complain = (error) => {
  $("problem").textContent = error ? error.message : "";
  if (error) say("");
};

async function guarded(work, button) {
  complain(null);
  if (button) button.disabled = true;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof api.Problem)) console.error(error);
    complain(error);
  } finally {
    if (button) button.disabled = false;
  }
}

async function enter() {
  const token = new URLSearchParams(location.hash.slice(1)).get("local");
  if (token) history.replaceState(null, "", location.pathname);
  let user = null;
  try {
    user = token ? await api.local(token) : await api.refresh();
  } catch (error) {
    user = await api.refresh();
  }
  if (user) await welcome(user);
  else $("login").hidden = false;
}

async function welcome(user) {
  $("login").hidden = true;
  $("riff").hidden = false;
  $("who").textContent = user.display_name || user.username;
  music.engines = await api.call("GET", "/engines");
  say("Ready. Drop a riff.");
}

$("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = Object.fromEntries(new FormData(event.target));
  guarded(async () => welcome(await api.login({ email: form.email, password: form.password })));
});
$("register").addEventListener("click", () => {
  const form = Object.fromEntries(new FormData($("login-form")));
  guarded(async () => welcome(await api.register(form)));
});

const drop = $("drop");
for (const name of ["dragover", "dragenter"]) {
  drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) guarded(() => start(event.dataTransfer.files[0]));
});
$("file").addEventListener("change", (event) => {
  if (event.target.files.length) guarded(() => start(event.target.files[0]));
});

async function start(file) {
  sound.stop();
  $("play").textContent = "Play";
  $("heard").hidden = $("band").hidden = true;
  say(`Listening to ${file.name} ...`);
  const project = await api.call("POST", "/projects", { name: file.name.replace(/\.[^.]*$/, "") || "Riff" });
  music.project = project.id;
  const form = new FormData();
  form.append("audio_file", file);
  let analysis = await api.call("POST", `/projects/${project.id}/analyze`, form);
  analysis = await api.ended(`/analyses/${analysis.analysis_id}`, analysis);
  await api.command(project.id, "adopt_analysis", { analysis_id: analysis.analysis_id });
  await showHeard(analysis);
  await loadRiff(file);
  await buildBand(analysis);
}

async function showHeard(analysis) {
  const state = await api.call("GET", `/sessions/${music.project}`);
  const details = analysis.detailed_features || {};
  const beats = details.beats || [];
  music.origin = beats[(details.downbeats || [0])[0] || 0] || 0;
  read(state.state || state);
  const sure = details.confidence || {};
  const facts = [
    ["Tempo", analysis.tempo && `${Math.round(analysis.tempo * 10) / 10} bpm`, sure.tempo],
    ["Key", analysis.musical_key, sure.key],
    ["Meter", analysis.time_signature, sure.time_signature],
    ["Style", analysis.style, sure.style],
    ["Mood", analysis.emotion, sure.emotion],
    ["Bars", music.bars, null],
  ];
  $("facts").replaceChildren(...facts.map(([name, value, share]) => fact(name, value, share)));
  $("warnings").replaceChildren(...(details.warnings || []).map((text) => element("li", text)));
  $("heard").hidden = false;
}

function read(state) {
  music.bars = state.bars;
  const [top, bottom] = (state.meter || "4/4").split(" ")[0].split("/").map(Number);
  music.beatsPerBar = (top * 4) / bottom;
  music.bpm = state.tempo;
  sound.setLength((music.bars * music.beatsPerBar * 60) / music.bpm);
  const rows = Array.from({ length: music.bars }, () => []);
  for (const span of state.chords || []) {
    const bar = Math.floor(span.start / (music.beatsPerBar * TICKS));
    if (rows[bar]) rows[bar].push(span.chord);
  }
  let last = "";
  $("chords").replaceChildren(...rows.map((chords) => {
    last = chords.length ? chords[chords.length - 1] : last;
    return element("li", chords.length ? chords.map(readable).join("  ") : readable(last) || "no chord");
  }));
}

const readable = (symbol) => symbol.replace(":maj", "").replace(":min", "m").replace(":", "");

function fact(name, value, share) {
  const box = document.createElement("div");
  const dd = element("dd", value ?? "not found");
  if (value && share != null) dd.append(element("small", `${Math.round(share * 100)} % sure`));
  box.append(element("dt", name), dd);
  return box;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

async function loadRiff(file) {
  const buffer = await sound.load("riff", await file.arrayBuffer(), music.origin, 0.7);
  const canvas = $("wave");
  canvas.hidden = false;
  const pen = ready(canvas);
  const data = buffer.getChannelData(0);
  const step = data.length / canvas.width;
  pen.fillStyle = tint("riff");
  for (let x = 0; x < canvas.width; x += 1) {
    let peak = 0;
    for (let i = Math.floor(x * step); i < (x + 1) * step; i += 16) peak = Math.max(peak, Math.abs(data[i] || 0));
    pen.fillRect(x, canvas.height / 2 - (peak * canvas.height) / 2, 1, Math.max(1, peak * canvas.height));
  }
  pen.fillStyle = "#ffffff55";
  const bar = (music.beatsPerBar * 60) / music.bpm;
  for (let n = 0; n <= music.bars; n += 1) {
    pen.fillRect(((music.origin + n * bar) / buffer.duration) * canvas.width, 0, 1, canvas.height);
  }
}

async function buildBand(analysis) {
  const styles = music.engines.find((each) => each.name === ENGINES[0]).parameters.find((each) => each.name === "style");
  $("style").replaceChildren(...(styles ? styles.choices : ["auto"]).map((name) => element("option", name)));
  $("style").value = "auto";
  $("parts").replaceChildren(...ENGINES.map(row));
  takes.clear();
  $("band").hidden = false;
  await everything(analysis.style);
}

async function everything() {
  for (const engine of ENGINES) await generate(engine);
  $("play").disabled = false;
  say("Your band is ready. Press Play.");
  $("play").focus();
}

const described = (engine) => music.engines.find((each) => each.name === engine);
const rowOf = (engine) => document.querySelector(`[data-engine="${engine}"]`);

function row(engine) {
  const description = described(engine);
  const item = $("part").content.firstElementChild.cloneNode(true);
  item.dataset.engine = engine;
  item.style.setProperty("--tint", `var(--${description.default_part})`);
  item.querySelector("h3").textContent = description.title;
  item.querySelector(".again").addEventListener("click", (event) => guarded(() => generate(engine), event.target));
  item.querySelector(".volume").addEventListener("input", (event) => sound.mix(engine, { volume: Number(event.target.value) }));
  item.querySelector(".heard").addEventListener("change", (event) => sound.mix(engine, { heard: event.target.checked }));
  for (const input of item.querySelectorAll("input, button")) {
    const label = input.closest("label");
    input.setAttribute("aria-label", `${description.title}: ${(label || input).textContent.trim()}`);
  }
  return item;
}

async function generate(engine) {
  const item = rowOf(engine);
  const part = described(engine).default_part;
  say(`${described(engine).title} is playing ...`);
  const parameters = { style: $("style").value };
  for (const name of ["complexity", "intensity"]) parameters[name] = Number(item.querySelector(`.${name}`).value);
  const first = await api.call("POST", `/projects/${music.project}/generate`, { engine, parameters });
  const done = await api.ended(`/generations/${first.generation_id}`, first);
  const take = await api.call("GET", `/takes/${done.take_id}`);
  takes.set(part, take);
  draw(item.querySelector(".roll"), take, part, described(engine).title);
  item.querySelector(".files").replaceChildren(
    `${take.notes.length} notes in ${done.generation_time_ms} ms. `,
    ...Object.entries(done.result_urls).flatMap(([kind, url]) => [link(kind, url), " "]),
  );
  const file = await fetch(done.result_urls.audio);
  await sound.load(engine, await file.arrayBuffer(), 0, Number(item.querySelector(".volume").value));
  say(`${described(engine).title} is ready.`);
}

function link(kind, url) {
  const made = element("a", { midi: "MIDI", audio: "Audio", notation: "Score" }[kind] || kind);
  made.href = url;
  made.download = "";
  return made;
}

function draw(canvas, take, part, title) {
  const pen = ready(canvas);
  const length = music.bars * music.beatsPerBar * TICKS;
  const pitches = take.notes.map((note) => note.pitch);
  const low = Math.min(...pitches) - 1;
  const range = Math.max(6, Math.max(...pitches) - low + 1);
  pen.fillStyle = "#ffffff14";
  for (let n = 0; n < music.bars; n += 2) pen.fillRect((n / music.bars) * canvas.width, 0, canvas.width / music.bars, canvas.height);
  pen.fillStyle = tint(part);
  for (const note of take.notes) {
    pen.globalAlpha = 0.35 + (0.65 * note.velocity) / 127;
    const y = canvas.height - ((note.pitch - low) / range) * canvas.height;
    const width = part === "drums" ? 4 : Math.max(3, (note.length / length) * canvas.width - 1);
    pen.fillRect((note.start / length) * canvas.width, y, width, Math.max(2, canvas.height / range - 1));
  }
  pen.globalAlpha = 1;
  canvas.setAttribute("aria-label", `${title}: ${take.notes.length} notes over ${music.bars} bars`);
}

function ready(canvas) {
  canvas.width = canvas.clientWidth * (window.devicePixelRatio || 1) || 600;
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  return pen;
}

const tint = (part) => getComputedStyle(document.documentElement).getPropertyValue(`--${part}`) || "#ffb454";

$("play").addEventListener("click", async () => {
  if (sound.isPlaying()) sound.stop();
  else await sound.play();
  $("play").textContent = sound.isPlaying() ? "Stop" : "Play";
  $("play").setAttribute("aria-pressed", String(sound.isPlaying()));
  requestAnimationFrame(follow);
});

function follow() {
  if (!sound.isPlaying()) { $("position").textContent = ""; return; }
  const beats = (sound.position() * music.bpm) / 60;
  $("position").textContent = `bar ${Math.floor(beats / music.beatsPerBar) + 1}, beat ${Math.floor(beats % music.beatsPerBar) + 1}`;
  requestAnimationFrame(follow);
}

$("all").addEventListener("click", (event) => guarded(everything, event.target));
$("style").addEventListener("change", () => say("The next takes will be played in this style."));
for (const button of document.querySelectorAll("#exports button")) {
  button.addEventListener("click", () => guarded(async () => {
    const first = await api.call("POST", `/projects/${music.project}/export`, { format: button.dataset.format });
    const done = await api.ended(`/exports/${first.export_id}`, { ...first, status: first.status || "queued" });
    location.assign(done.download_url);
    say("The export is on its way to your downloads.");
  }, button));
}

guarded(enter);
