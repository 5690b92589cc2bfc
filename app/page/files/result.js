// The result of one photo: picture, figures, table, threshold and scale, always of the same state.

import { Problem, send } from "./api.js";
import { known } from "./downloads.js";
import { mapLevels, photoLevels } from "./pyramid.js";
import { Scale } from "./scale.js";
import { Table, digits, element } from "./table.js";
import { Viewer } from "./viewer.js";
import { WARNINGS } from "./words.js";

const SETTLED_MS = 250; // a slider that rests so long is meant

const $ = (id) => document.getElementById(id);

export class Result {
  constructor(onMove) {
    this.job = null;
    this.viewer = new Viewer($("canvas"), {
      onHover: (id) => this.light(id, true),
      onChoose: (id) => this.goTo(id),
      onMove,
      onLine: (line) => this.scale.setLine(line),
    });
    this.table = new Table($("cracks"), { onHover: (id) => this.light(id), onChoose: (id) => this.goTo(id) });
    this.scale = new Scale(() => this.viewer.startLine(), () => this.measure());
    this.listen();
  }

  /** Show a job's photo and, where it is done, its cracks. */
  async show(job) {
    this.job = job;
    this.abort?.abort();
    this.viewer.clear();
    $("found").hidden = !job.answer;
    $("nothing").hidden = Boolean(job.answer);
    $("tools").hidden = $("keys").hidden = true;
    $("empty").hidden = false;
    $("empty").textContent = "The photo is read…";
    try {
      job.levels = await photoLevels(await showable(job));
    } catch (problem) {
      if (this.job === job) $("empty").textContent = waiting(job, problem);
      return;
    }
    if (this.job !== job) return;
    $("empty").hidden = true;
    $("canvas").setAttribute("aria-label", `${job.name}, ${job.levels[0].width} by ${job.levels[0].height} pixels`);
    this.viewer.setPhoto(job.levels);
    if (!job.answer) return;
    job.threshold ??= job.answer.model.threshold;
    $("threshold").value = job.threshold;
    $("tools").hidden = $("keys").hidden = false;
    this.scale.show(job);
    if (job.line) this.viewer.setLine(job.line);
    const levels = await mapLevels(job.map);
    if (this.job !== job) return;
    this.setThreshold(job.threshold);
    this.viewer.setMap(levels);
    this.fill(job.measured ?? job.answer);
  }

  setThreshold(value) {
    $("threshold-value").textContent = value.toFixed(2);
    // Bytes are rounded probabilities; the service compares byte / 255 with the threshold, as here.
    this.viewer.show({ least: 255 * value - 1e-6 });
  }

  /** Figures, warnings and cracks of an answer, into the page. */
  fill(answer) {
    this.viewer.setCracks(answer.cracks);
    $("shown").textContent = this.table.setCracks(answer.cracks);
    $("figures").replaceChildren(...figures(answer.statistics, answer.pattern));
    const warnings = [...new Set([...this.job.answer.warnings.filter((code) => code in WARNINGS), ...answer.warnings])];
    const words = warnings.map((code) => (code in WARNINGS ? WARNINGS[code] : code)).filter(Boolean);
    $("warnings").replaceChildren(...words.map((said) => element("li", {}, said)));
    this.scale.say(answer.scale);
    this.legend(answer.scale);
    const { model } = this.job.answer;
    $("first-caption").hidden = false;
    $("first-caption").textContent = `${model.name} ${model.version}`;
  }

  /** Measure again what is crack at the threshold and scale of now; the network does not run. */
  async measure() {
    const { job } = this;
    if (!job?.answer) return;
    this.abort?.abort();
    this.abort = new AbortController();
    try {
      job.scale = this.scale.query();
      const { signal } = this.abort;
      const measured = this.scale.needsPhoto || job.how.mode !== "tile"
        ? await send("v1/segment", { ...withoutMask(known(job)), signal })
        : await send("v1/measure", { query: this.measuring(job), fields: { file: job.map }, signal });
      job.measured = measured;
      if (this.job === job) this.fill(measured);
    } catch (problem) {
      if (problem.code !== "cancelled" && this.job === job) this.scale.fail(problem);
    }
  }

  measuring(job) {
    return { model: job.answer.model.name, threshold: job.threshold, ...job.scale };
  }

  light(id, isFromPicture = false) {
    this.viewer.light(id);
    this.table.light(id);
    if (isFromPicture && id !== null) this.table.scrollTo(id);
  }

  goTo(id) {
    const crack = this.viewer.cracks.find((one) => one.id === id);
    if (!crack) return;
    this.viewer.goTo(crack.bbox_px);
    this.light(id);
    this.table.scrollTo(id);
  }

  legend(scale) {
    const isShown = this.viewer.style.kind === "width" && this.viewer.cracks.length > 0;
    $("legend").hidden = !isShown;
    if (!isShown) return;
    const [unit, factor] = scale ? ["mm", scale.mm_per_px] : ["px", 1];
    $("legend").replaceChildren(...this.viewer.legend().map(({ colour, from, to }) => {
      const swatch = element("i", { "aria-hidden": "true" });
      swatch.style.background = colour;
      return element("span", {}, swatch, `${digits(from * factor)} to ${digits(to * factor)} ${unit}`);
    }));
  }

  listen() {
    let timer = null;
    $("threshold").addEventListener("input", () => {
      this.setThreshold(Number($("threshold").value));
      this.job.threshold = Number($("threshold").value); // of now on, whatever is asked for
      clearTimeout(timer);
      timer = setTimeout(() => this.measure(), SETTLED_MS);
    });
    $("opacity").addEventListener("input", () => this.viewer.show({ opacity: Number($("opacity").value) }));
    $("split").addEventListener("input", () => this.viewer.show({ split: Number($("split").value) }));
    $("styles").addEventListener("change", (event) => {
      this.viewer.show({ kind: event.target.value });
      this.legend((this.job?.measured ?? this.job?.answer)?.scale ?? null);
    });
    $("zoom-in").addEventListener("click", () => this.viewer.zoomBy(1.5));
    $("zoom-out").addEventListener("click", () => this.viewer.zoomBy(1 / 1.5));
    $("fit").addEventListener("click", () => this.viewer.fit());
    $("actual").addEventListener("click", () => this.viewer.zoomTo(1));
    for (const [id, what] of [["least-width", "width"], ["least-length", "length"]]) {
      $(id).addEventListener("input", () => {
        $("shown").textContent = this.table.filter({ [what]: Number($(id).value) || 0 });
      });
    }
  }
}

/** The photo as a browser can show it: the file itself, or what the service makes of a TIFF or HEIC. */
async function showable(job) {
  try {
    (await createImageBitmap(job.file)).close();
    return job.file;
  } catch {
    if (!job.answer) throw new Problem(0, "no-picture", "");
    job.shown ??= await send("v1/segment", { ...photoOf(job), type: "blob" });
    return job.shown;
  }
}

function photoOf(job) {
  const { fields, query } = known({ ...job, scale: {} });
  return { fields, query: { ...query, format: "photo" } };
}

function withoutMask({ query, fields }) {
  return { query: { ...query, mask: "none" }, fields };
}

function waiting(job, problem) {
  if (job.reason) return job.reason;
  return problem.message || "This browser shows no picture of such a file; it appears once the service has looked at it.";
}

function figures(statistics, pattern) {
  const isInMm = statistics.total_length_mm !== null;
  const [unit, suffix] = isInMm ? ["mm", "_mm"] : ["px", "_px"];
  const entries = [
    ["Cracks", statistics.crack_count, ""],
    ["Total length", digits(statistics[`total_length${suffix}`]), unit],
    ["Mean width", digits(statistics[`mean_width${suffix}`]), unit],
    ["Widest", digits(statistics[`max_width${suffix}`]), unit],
    ["Of the photo", digits(100 * statistics.crack_ratio), "%"],
    ["Pattern", pattern.kind, ""],
  ];
  return entries.map(([name, value, of]) => {
    const number = element("dd", {}, String(value));
    if (of) number.append(" ", element("small", {}, of));
    return element("div", {}, element("dt", {}, name), number);
  });
}
