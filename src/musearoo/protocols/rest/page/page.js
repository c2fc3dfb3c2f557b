// The one page: drop a riff, see what was heard, hear the band, take the files home.

import * as api from "./api.js";
import * as sound from "./sound.js";

const $ = (id) => document.getElementById(id);
const ENGINES = ["drummaroo", "bassaroo", "harmonyroo", "melodyroo"];
const TICKS = 960;
const music = { project: null, tempo: { changes: [{ tick: 0, bpm: 120 }], origin_seconds: 0 }, bars: 0, beatsPerBar: 4, engines: [], heard: "" };
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
    if (button) {
      button.disabled = false;
      if (document.activeElement === document.body) button.focus();
    }
  }
}

const wish = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** The address names the project, so that a reload or a bookmark comes back to it. */
function address(project) {
  history.replaceState(null, "", location.pathname + (project ? `#project=${project}` : ""));
}

async function enter() {
  const { local: token, project } = wish();
  if (token) address(project);
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
  await listEarlier();
  const { project } = wish();
  if (project) await reopen(project);
  else say("Ready. Drop a riff.");
}

async function listEarlier() {
  const known = await api.call("GET", "/projects?limit=50");
  $("projects").replaceChildren(...known.map((project) => {
    const made = element("option", `${project.name} (${new Date(project.created_at).toLocaleString()})`);
    made.value = project.id;
    return made;
  }));
  $("earlier").hidden = !known.length;
}

/** Shows a project as it stands on the server: its recording, and the take that each part plays. */
async function reopen(id) {
  stop();
  say("Opening ...");
  const project = await api.call("GET", `/projects/${id}`).catch((error) => {
    if (error.status === 404 || error.status === 422) address(null);
    throw error;
  });
  const analyses = await api.call("GET", `/projects/${id}/analyses`);
  const analysis = analyses.find((each) => each.status === "completed");
  if (!analysis) throw new api.Problem({ detail: `“${project.name}” has no recording to go on with. Drop one.` }, 404);
  const { state } = await api.call("GET", `/sessions/${id}`);
  if (!state.bars) await api.command(id, "adopt_analysis", { analysis_id: analysis.analysis_id });
  music.project = id;
  address(id);
  $("projects").value = id;
  $("band").hidden = true;
  await showHeard(analysis, project.name);
  await loadRiff(await fetch(analysis.audio_url));
  prepareBand();
  const parts = await api.call("GET", `/projects/${id}/parts`);
  const played = parts.filter((part) => ENGINES.includes(part.engine) && part.selected);
  played.sort((one, other) => one.selected.created_at.localeCompare(other.selected.created_at));
  for (const part of played) await restore(part.engine, part.selected.id);
  if (takes.size) offer();
  else await everything();
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
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) guarded(() => start(event.dataTransfer.files[0]));
});
$("file").addEventListener("click", (event) => { event.target.value = ""; });
$("file").addEventListener("change", (event) => {
  if (event.target.files.length) guarded(() => start(event.target.files[0]));
});

async function start(file) {
  stop();
  say(`Listening to ${file.name} ...`);
  const project = await api.call("POST", "/projects", { name: file.name.replace(/\.[^.]*$/, "") || "Riff" });
  const analysis = await analysed(project.id, file).catch(async (error) => {
    await api.call("DELETE", `/projects/${project.id}`);
    throw error;
  });
  music.project = project.id;
  address(project.id);
  await listEarlier();
  $("band").hidden = true;
  await showHeard(analysis, file.name);
  await loadRiff(file);
  prepareBand();
  await everything();
}

async function analysed(project, file) {
  const form = new FormData();
  form.append("audio_file", file);
  const first = await api.call("POST", `/projects/${project}/analyze`, form);
  const analysis = await api.ended(`/analyses/${first.analysis_id}`, first);
  if (!analysis.tempo && !analysis.musical_key) {
    const why = (analysis.detailed_features.warnings || []).join("; ") || "neither tempo nor key";
    throw new api.Problem({ detail: `Nothing to follow (${why}). Record two bars or more, louder.` }, 422);
  }
  await api.command(project, "adopt_analysis", { analysis_id: analysis.analysis_id });
  return analysis;
}

async function showHeard(analysis, name) {
  const session = await api.call("GET", `/sessions/${music.project}`);
  read(session.state);
  const details = analysis.detailed_features || {};
  const sure = details.confidence || {};
  const bpm = analysis.tempo && `${Math.round(analysis.tempo * 10) / 10} bpm`;
  const facts = [
    ["Tempo", bpm, sure.tempo],
    ["Key", analysis.musical_key, sure.key],
    ["Meter", analysis.time_signature, sure.time_signature],
    ["Style", analysis.style, sure.style],
    ["Mood", analysis.emotion, sure.emotion],
    ["Bars", music.bars, null],
  ];
  music.heard = [bpm, analysis.musical_key, analysis.time_signature, `${music.bars} bars`].filter(Boolean).join(", ");
  $("name").textContent = name;
  $("facts").replaceChildren(...facts.map(([title, value, share]) => fact(title, value, share)));
  $("warnings").replaceChildren(...(details.warnings || []).map((text) => element("li", text)));
  $("heard").hidden = false;
}

function read(state) {
  music.bars = state.bars;
  music.tempo = state.tempo_map;
  const [top, bottom] = state.time_signature.split(" ")[0].split("/").map(Number);
  music.beatsPerBar = (top * 4) / bottom;
  sound.setLength(seconds(music.bars * barTicks()) - seconds(0));
  const rows = Array.from({ length: music.bars }, () => []);
  for (const span of state.chords || []) {
    const bar = Math.floor(span.start / barTicks());
    if (rows[bar]) rows[bar].push(span.chord);
  }
  let last = "";
  $("chords").replaceChildren(...rows.map((chords) => {
    last = chords.length ? chords[chords.length - 1] : last;
    return element("li", chords.length ? chords.map(readable).join("  ") : readable(last) || "no chord");
  }));
}

const barTicks = () => music.beatsPerBar * TICKS;

/** Where a tick lies in the recording, along the tempo map. */
function seconds(tick) {
  const { changes, origin_seconds: origin } = music.tempo;
  return changes.reduce((sum, { tick: from, bpm }, n) => {
    const until = Math.min(tick, n + 1 < changes.length ? changes[n + 1].tick : Infinity);
    return sum + (Math.max(0, until - from) * 60) / bpm / TICKS;
  }, origin);
}

/** The quarter, counted from bar 1, that is heard `at` seconds after it. */
function quarter(at) {
  let left = at;
  const { changes } = music.tempo;
  for (const [n, { tick: from, bpm }] of changes.entries()) {
    const long = n + 1 < changes.length ? ((changes[n + 1].tick - from) * 60) / bpm / TICKS : Infinity;
    if (left < long) return from / TICKS + (left * bpm) / 60;
    left -= long;
  }
  return 0;
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

async function loadRiff(source) {
  const canvas = $("wave");
  const volume = Number($("riff-volume").value);
  const buffer = await sound.load("riff", await source.arrayBuffer(), music.tempo.origin_seconds, volume).catch(() => null);
  canvas.hidden = $("riff-mix").hidden = !buffer;
  if (!buffer) {
    sound.forget("riff");
    $("warnings").append(element("li", "This browser cannot play a file of this kind, so you hear the band without your riff; a WAV is played everywhere."));
    return;
  }
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
  for (let n = 0; n <= music.bars; n += 1) {
    pen.fillRect((seconds(n * barTicks()) / buffer.duration) * canvas.width, 0, 2, canvas.height);
  }
}

function prepareBand() {
  const styles = music.engines.find((each) => each.name === ENGINES[0]).parameters.find((each) => each.name === "style");
  $("style").replaceChildren(...(styles ? styles.choices : ["auto"]).map((name) => element("option", name)));
  $("style").value = "auto";
  $("parts").replaceChildren(...ENGINES.map(row));
  takes.clear();
  ENGINES.forEach(sound.forget);
  $("band").hidden = false;
}

async function everything() {
  for (const engine of ENGINES) await generate(engine);
  offer();
}

function offer() {
  $("play").disabled = false;
  say(`I heard ${music.heard}. Your band is ready: press Play.`);
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
  say(`${described(engine).title} is playing ...`);
  const parameters = { style: $("style").value };
  for (const name of ["complexity", "intensity"]) parameters[name] = Number(item.querySelector(`.${name}`).value);
  const first = await api.call("POST", `/projects/${music.project}/generate`, { engine, parameters });
  const done = await api.ended(`/generations/${first.generation_id}`, first);
  await show(engine, await api.call("GET", `/takes/${done.take_id}`), ` in ${done.generation_time_ms} ms`);
  say(`${described(engine).title} is ready.`);
}

async function restore(engine, id) {
  const take = await api.call("GET", `/takes/${id}`);
  const { parameters } = take.recipe;
  for (const name of ["complexity", "intensity"]) rowOf(engine).querySelector(`.${name}`).value = parameters[name] ?? 0.5;
  if (parameters.style) $("style").value = parameters.style;
  await show(engine, take);
}

async function show(engine, take, how = "") {
  const item = rowOf(engine);
  const part = described(engine).default_part;
  takes.set(part, take);
  draw(item.querySelector(".roll"), take, part, described(engine).title);
  item.querySelector(".files").replaceChildren(
    `${take.notes.length} notes${how}. `,
    ...Object.entries(take.result_urls).flatMap(([kind, url]) => [link(kind, url, described(engine).title), " "]),
  );
  const file = await fetch(take.result_urls.audio);
  await sound.load(engine, await file.arrayBuffer(), 0, Number(item.querySelector(".volume").value));
}

function link(kind, url, title) {
  const made = element("a", { midi: "MIDI", audio: "Audio", notation: "Score" }[kind] || kind);
  made.setAttribute("aria-label", `${title}: ${made.textContent}`);
  made.href = url;
  made.download = "";
  return made;
}

function draw(canvas, take, part, title) {
  const pen = ready(canvas);
  const length = music.bars * barTicks();
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

function stop() {
  sound.stop();
  $("play").textContent = "Play";
}

$("play").addEventListener("click", async () => {
  if (sound.isPlaying()) return stop();
  await sound.play();
  $("play").textContent = "Stop";
  requestAnimationFrame(follow);
});
$("riff-heard").addEventListener("change", (event) => sound.mix("riff", { heard: event.target.checked }));
$("riff-volume").addEventListener("input", (event) => sound.mix("riff", { volume: Number(event.target.value) }));

function follow() {
  if (!sound.isPlaying()) { $("position").textContent = ""; return; }
  const quarters = quarter(sound.position());
  $("position").textContent = `bar ${Math.floor(quarters / music.beatsPerBar) + 1} of ${music.bars}`;
  requestAnimationFrame(follow);
}

$("all").addEventListener("click", (event) => guarded(everything, event.target));
$("style").addEventListener("change", () => say("The next takes will be played in this style."));
for (const button of document.querySelectorAll("#exports button")) {
  button.addEventListener("click", () => guarded(async () => {
    const first = await api.call("POST", `/projects/${music.project}/export`, { format: button.dataset.format });
    const done = await api.ended(`/exports/${first.export_id}`, { ...first, status: first.status || "queued" });
    location.assign(done.download_url);
    say(`The ${button.textContent.toLowerCase().replace("midi", "MIDI").replace("musicxml", "MusicXML")} is on its way to your downloads.`);
  }, button));
}

$("reopen").addEventListener("click", (event) => guarded(() => reopen($("projects").value), event.target));
window.addEventListener("hashchange", () => guarded(async () => {
  const { local, project } = wish();
  if (local) await enter();
  else if (project && project !== music.project) await reopen(project);
}));

guarded(enter);
