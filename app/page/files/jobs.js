// The photos of this page, one after the other through the service: upload, wait, done, each cancelled by itself.

import { Problem, send } from "./api.js";

const AT_ONCE = 2; // one uploads while the other is looked at
const LONGEST_PAUSE_S = 60;
const TRIES = 20; // of a photo that a busy service turns away

/**
 * A photo and how far it has come.
 * `state`: waiting, uploading, looking, done, failed or cancelled. `share` of the upload, 0 to 1. `answer` is the
 * service's JSON, `map` the PNG of probabilities in it.
 */
export class Job {
  constructor(file, name, how) {
    Object.assign(this, { file, name, how, state: "waiting", share: 0, answer: null, map: null, reason: "" });
    this.scale = {}; // query of the scale, as last measured
    this.line = null;
  }

  get isOpen() {
    return ["waiting", "uploading", "looking"].includes(this.state);
  }
}

/** The query that says how a job's photo is looked at, and what it is of. */
export function lookOf({ model, mode, asset }) {
  const query = { model, asset_id: asset };
  if (mode === "resize") query.mode = mode;
  if (mode === "tile-half") query.resolution_scale = 0.5;
  return query;
}

export class Queue {
  /** @param {(job: Job) => void} onChange told of every step of a job */
  constructor(onChange) {
    Object.assign(this, { jobs: [], onChange, mostBytes: Infinity });
  }

  add(jobs) {
    this.jobs.push(...jobs);
    jobs.forEach((job) => this.onChange(job));
    this.next();
  }

  cancel(job) {
    job.abort?.abort();
    if (job.isOpen) this.step(job, { state: "cancelled", reason: "Cancelled." });
  }

  again(job) {
    this.step(job, { state: "waiting", reason: "", share: 0 });
    this.next();
  }

  next() {
    const running = this.jobs.filter((job) => job.state === "uploading" || job.state === "looking").length;
    this.jobs
      .filter((job) => job.state === "waiting")
      .slice(0, Math.max(0, AT_ONCE - running))
      .forEach((job) => this.run(job));
  }

  async run(job) {
    job.abort = new AbortController();
    this.step(job, { state: "uploading", share: 0, reason: "" });
    try {
      if (job.file.size > this.mostBytes) throw tooLarge(job.file.size, this.mostBytes);
      const answer = await this.ask(job);
      const { data } = answer.mask;
      answer.mask = null; // megabytes of text, kept as bytes instead
      this.step(job, { state: "done", answer, map: pngOf(data) });
    } catch (problem) {
      if (job.state !== "cancelled") this.step(job, { state: "failed", reason: problem.message });
    }
    this.next();
  }

  /** The answer; a service that is full is asked again when it said. */
  async ask(job) {
    const options = {
      query: { ...lookOf(job.how), mask: "probability" },
      fields: { file: job.file },
      signal: job.abort.signal,
      onUpload: (share) => job.isOpen && this.step(job, share < 1 ? { share } : { state: "looking", since: Date.now() }),
    };
    for (let tries = 1; ; tries++) {
      try {
        return await send("v1/segment", options);
      } catch (problem) {
        if (problem.status !== 503 || !problem.retryAfter || tries === TRIES) throw problem;
        await this.pause(job, Math.min(problem.retryAfter, LONGEST_PAUSE_S));
      }
    }
  }

  async pause(job, seconds) {
    this.step(job, { state: "uploading", share: 0, reason: `The service is busy; trying again in ${seconds} s.` });
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, 1000 * seconds);
      job.abort.signal.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
    });
    if (job.abort.signal.aborted) throw new Problem(0, "cancelled", "Cancelled.");
    this.step(job, { reason: "" });
  }

  step(job, change) {
    Object.assign(job, change);
    this.onChange(job);
  }
}

function tooLarge(bytes, most) {
  const [has, may] = [bytes, most].map((value) => Math.ceil(value / 1e6));
  return new Problem(413, "upload-too-large", `The file has ${has} MB, this service takes ${may} MB: send the photo smaller.`);
}

/** A PNG from base64. */
export function pngOf(base64) {
  return new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type: "image/png" });
}
