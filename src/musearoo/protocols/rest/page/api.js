// Talks to the REST door as any client would: one login, problems as exceptions.

const BASE = "/api/v3";
const WEB = { "X-MuseAroo-Client": "web" };
let access = null;

export class Problem extends Error {
  constructor(body, status) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.body = body;
  }
}

async function answer(response) {
  const kind = response.headers.get("Content-Type") || "";
  const body = kind.includes("json") ? await response.json() : {};
  if (!response.ok) throw new Problem(body, response.status);
  return body;
}

async function send(method, path, body, headers = {}) {
  const options = { method, headers: { ...WEB, ...headers }, credentials: "same-origin" };
  if (access) options.headers.Authorization = `Bearer ${access}`;
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  return fetch(BASE + path, options);
}

export async function call(method, path, body, headers) {
  let response = await send(method, path, body, headers);
  if (response.status === 401 && access && (await refresh())) {
    response = await send(method, path, body, headers);
  }
  return answer(response);
}

async function keep(response) {
  const login = await answer(response);
  access = login.access_token;
  return login.user;
}

export async function refresh() {
  const response = await send("POST", "/auth/refresh", {});
  if (!response.ok) return null;
  return keep(response);
}

export const local = async (token) => keep(await send("POST", "/auth/local", { token }));
export const login = async (form) => keep(await send("POST", "/auth/login", form));
export const register = async (form) => keep(await send("POST", "/auth/register", form));

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks again until `path` has ended; problems and failures are thrown. */
export async function ended(path, first) {
  let state = first;
  while (state.status === "queued" || state.status === "processing") {
    await pause(400);
    state = await call("GET", path);
  }
  if (state.status !== "completed") throw new Problem({ detail: state.error || "It did not work out; try again." }, 500);
  return state;
}

export async function command(session, name, args) {
  return call("POST", `/sessions/${session}/commands`, { name, args });
}
