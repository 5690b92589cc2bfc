// The photos of this page, one after the other through the service: upload, wait, done, each cancelled by itself.

import { Problem, send } from "./api.js";

const AT_ONCE = 2; // one uploads while the other is looked at

/**
 * A photo, how far it has come and what is known of it.
 * `state`: waiting, uploading, looking, done, failed or cancelled. `share` of the upload, 0 to 1. `answer` is the
 * service's JSON, `map` the PNG of probabilities in it.
 */
export class Job {
  constructor(file, name, how) {
    Object.assign(this, { file, name, how, state: "waiting", share: 0, answer: null, map: null, reason: "" });
    // What counts as a crack from now on, and what was measured by what: `seen` is the last answer for which the photo
    // itself was looked at.
    Object.assign(this, { threshold: null, leastArea: 0, scale: {}, measured: null, measuredBy: null, seen: null });
    this.form = { kind: "", value: "", limits: "", line: null }; // how the scale is known, as it stands in the page
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
      const { threshold } = answer.model;
      const measuredBy = { threshold, leastArea: 0 };
      this.step(job, { state: "done", answer, map: pngOf(data), threshold, measured: answer, measuredBy, seen: answer });
    } catch (problem) {
      if (job.state !== "cancelled") this.step(job, { state: "failed", reason: problem.message });
    }
    this.next();
  }

  ask(job) {
    return send("v1/segment", {
      query: { ...lookOf(job.how), mask: "probability" },
      fields: { file: job.file },
      signal: job.abort.signal,
      onUpload: (share) => {
        if (job.isOpen) this.step(job, share < 1 ? { share, reason: "" } : { state: "looking", since: Date.now() });
      },
      onBusy: (seconds) => {
        this.step(job, { state: "uploading", share: 0, reason: `The service is busy; trying again in ${seconds} s.` });
      },
    });
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
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length); // a loop: Uint8Array.from took fifteen times as long
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return new Blob([bytes], { type: "image/png" });
}
