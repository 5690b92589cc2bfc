// The one door to the service: requests with progress, cancellation, a key where one is wanted, and errors in words.

/** What went wrong, in the service's own words where it had any. */
export class Problem extends Error {
  constructor(status, code, detail, retryAfter = null) {
    super(detail);
    Object.assign(this, { status, code, retryAfter });
  }
}

const NO_ANSWER =
  "The service did not answer: it may have stopped, or the connection broke. Earlier results are still here; try again.";
const KEY = "hairline-key"; // sessionStorage: gone with the tab
const LONGEST_PAUSE_S = 60;
const TRIES = 20; // of a request that a busy service, or a key's limit, turns away

let askForKey = async () => null;

/** `ask(reason)` gives the key that a person typed, or null. */
export function onKeyWanted(ask) {
  askForKey = ask;
}

/** Whether a text can be a key: visible letters of ASCII, as a header carries them. */
export function isKey(text) {
  return /^[!-~]+$/.test(text);
}

/**
 * Send one request; its body as the type asked for. Where the service asks to come back later, it is sent again then.
 * @param {string} path relative to the page, so that a proxy's path is kept
 * @param {{query?: object, fields?: Object<string, Blob>, type?: "json" | "blob", signal?: AbortSignal,
 *          onUpload?: (share: number) => void, onBusy?: (seconds: number) => void}} options
 */
export async function send(path, options = {}) {
  for (let tries = 1; ; tries++) {
    try {
      return await once(path, options);
    } catch (problem) {
      if (problem.status === 401) await renewKey(problem);
      else if (problem.retryAfter && options.onBusy && tries < TRIES) await pause(problem.retryAfter, options);
      else throw problem;
    }
  }
}

async function renewKey(problem) {
  const key = await askForKey(sessionStorage.getItem(KEY) ? problem.message : "");
  if (!key) throw problem;
  sessionStorage.setItem(KEY, key);
}

async function pause(retryAfter, { onBusy, signal }) {
  const seconds = Math.min(retryAfter, LONGEST_PAUSE_S);
  onBusy(seconds);
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
  });
  if (signal?.aborted) throw new Problem(0, "cancelled", "Cancelled.");
}

function once(path, { query = {}, fields = null, type = "json", signal = null, onUpload = null }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells no progress of an upload
    request.open(fields ? "POST" : "GET", address(path, query));
    request.responseType = "blob";
    const key = sessionStorage.getItem(KEY);
    if (key) request.setRequestHeader("X-API-Key", key);
    if (onUpload) {
      request.upload.onprogress = (event) => onUpload(event.total ? event.loaded / event.total : 0);
      request.upload.onload = () => onUpload(1);
    }
    request.onerror = () => reject(new Problem(0, "no-answer", NO_ANSWER));
    request.onabort = () => reject(new Problem(0, "cancelled", "Cancelled."));
    request.onload = () => settle(request, type).then(resolve, reject);
    if (signal) {
      if (signal.aborted) return reject(new Problem(0, "cancelled", "Cancelled."));
      signal.addEventListener("abort", () => request.abort(), { once: true });
    }
    request.send(fields && form(fields));
  });
}

function address(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== "" && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

function form(fields) {
  const data = new FormData();
  for (const [name, blob] of Object.entries(fields)) data.append(name, blob, name);
  return data;
}

async function settle(request, type) {
  if (request.status >= 200 && request.status < 300) {
    return type === "json" ? JSON.parse(await request.response.text()) : request.response;
  }
  const said = await request.response.text();
  const retryAfter = Number(request.getResponseHeader("Retry-After")) || null;
  try {
    const { code, detail } = JSON.parse(said);
    throw new Problem(request.status, code, detail, retryAfter);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(request.status, "unknown", `The service answered ${request.status} ${request.statusText}.`);
  }
}
