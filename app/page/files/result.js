// The result of one photo: picture, figures, table, threshold and scale, always of the same state.

import { Problem, send } from "./api.js";
import { $, element } from "./dom.js";
import { known } from "./downloads.js";
import { mapLevels, photoLevels } from "./pyramid.js";
import { Scale } from "./scale.js";
import { Table, digits } from "./table.js";
import { Viewer } from "./viewer.js";
import { WARNINGS } from "./words.js";

const ABOUT_THE_PHOTO = new Set(["blurred", "underexposed", "overexposed", "too-far", "first-frame-only"]);
const SETTLED_MS = 250; // a slider that rests so long is meant

export class Result {
  /** @param {{onMove: (place: object) => void, onMeasured: (job: object) => void}} told */
  constructor(told) {
    Object.assign(this, { job: null, levels: [], told });
    this.viewer = new Viewer($("canvas"), {
      onHover: (id) => this.light(id, true),
      onChoose: (id) => this.goTo(id),
      onMove: told.onMove,
      onLine: (line) => this.scale.setLine(line),
    });
    this.table = new Table($("cracks"), { onHover: (id) => this.light(id), onChoose: (id) => this.goTo(id) });
    this.scale = new Scale({
      onDraw: () => this.viewer.startLine(),
      onApply: () => this.applyScale(),
      onCase: () => this.fill(),
    });
    this.listen();
  }

  /** Show a job's photo and, where it is done, its cracks. */
  async show(job) {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.job = job;
    this.viewer.clear();
    this.levels.forEach((level) => level.close()); // a hundred megabytes a photo
    this.levels = [];
    $("found").hidden = !job.answer;
    $("nothing").hidden = Boolean(job.answer);
    $("tools").hidden = !job.answer;
    $("keys").hidden = true;
    $("empty").hidden = false;
    $("empty").textContent = "The photo is read…";
    $("canvas").ariaBusy = "true";
    this.clearFilters();
    if (job.answer) this.showAnswer(); // needs no picture
    try {
      const levels = await showable(job);
      if (this.job !== job) return levels.forEach((level) => level.close());
      this.showPhoto(levels);
      if (!job.answer) return;
      const map = await mapLevels(job.map);
      if (this.job !== job) return;
      this.viewer.setMap(map);
      $("canvas").ariaBusy = "false";
    } catch (problem) {
      if (this.job === job) $("empty").textContent = waiting(job, problem);
    }
  }

  showAnswer() {
    const { job } = this;
    $("threshold").value = job.threshold;
    $("least-area").value = job.leastArea || "";
    this.setThreshold(job.threshold);
    this.scale.show(job);
    this.fill();
    if (isBehind(job)) this.measure(job.scale);
  }

  showPhoto(levels) {
    this.levels = levels;
    $("empty").hidden = true;
    $("keys").hidden = false;
    $("canvas").setAttribute("aria-label", `${this.job.name}, ${levels[0].width} by ${levels[0].height} pixels`);
    this.viewer.setPhoto(levels);
    if (this.job.form.line) this.viewer.setLine(this.job.form.line);
    if (this.job.answer) this.viewer.setCracks(this.job.measured.cracks);
  }

  setThreshold(value) {
    $("threshold-value").textContent = value.toFixed(2);
    // Bytes are rounded probabilities; the service compares byte / 255 with the threshold, as here.
    this.viewer.show({ least: 255 * value - 1e-6 });
  }

  /** Figures, warnings and cracks of the job, as last measured, into the page. */
  fill() {
    const { measured, answer, seen } = this.job;
    this.viewer.setCracks(measured.cracks);
    $("shown").textContent = this.table.setCracks(measured.cracks, this.scale.limitsCase);
    for (const unit of document.querySelectorAll(".filters .unit")) unit.textContent = this.table.unit;
    $("figures").replaceChildren(...figures(measured.statistics, measured.pattern));
    // What the photo itself shows or not was said when it was last looked at.
    const codes = new Set([...seen.warnings.filter((code) => ABOUT_THE_PHOTO.has(code)), ...measured.warnings]);
    const words = [...codes].map((code) => (code in WARNINGS ? WARNINGS[code] : code)).filter(Boolean);
    $("warnings").replaceChildren(...words.map((said) => element("li", {}, said)));
    this.scale.say(measured.scale);
    this.legend(measured.scale);
    $("first-caption").hidden = false;
    $("first-caption").textContent = `${answer.model.name} ${answer.model.version}`;
    this.mark(isBehind(this.job) ? "Is measured…" : "");
  }

  /** Say beside the figures that they are not of what is shown; "" where they are. */
  mark(words) {
    $("found").classList.toggle("stale", Boolean(words));
    $("measuring").textContent = words;
  }

  applyScale() {
    try {
      this.measure(this.scale.query());
    } catch (problem) {
      this.scale.fail(problem);
    }
  }

  /** Once the hand rests. */
  measureSoon() {
    this.mark("Is measured…");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.measure(this.job.scale), SETTLED_MS);
  }

  /** Measure again what is crack at the threshold of now and that scale; the network does not run. */
  async measure(scale) {
    const { job } = this;
    const measuredBy = { threshold: job.threshold, leastArea: job.leastArea };
    this.abort?.abort();
    const { signal } = (this.abort = new AbortController());
    const isNewScale = scale !== job.scale;
    this.mark("Is measured…");
    try {
      const [path, asked] = this.asking(job, scale, isNewScale);
      const onBusy = (seconds) => this.mark(`The service is busy; measured again in ${seconds} s.`);
      const measured = await send(path, { ...asked, signal, onBusy });
      Object.assign(job, { measured, scale, measuredBy });
      if (isNewScale) job.seen = measured;
      if (this.job === job) this.fill();
      this.told.onMeasured(job);
    } catch (problem) {
      if (problem.code === "cancelled" || this.job !== job) return;
      this.mark(isBehind(job) ? `These figures are of before: ${problem.message}` : "");
      if (isNewScale) this.scale.fail(problem);
    }
  }

  /**
   * Path and request. A new scale asks the photo too (a marker is looked for, and whether it was taken from too far
   * away); the slider sends the map alone, where the scale can be said without the photo.
   */
  asking(job, scale, isNewScale) {
    const needsPhoto = "marker_mm" in scale || "distance_mm" in scale || job.how.mode !== "tile";
    if (isNewScale || needsPhoto) {
      const { query, fields } = known({ ...job, scale });
      return ["v1/segment", { query: { ...query, mask: "none" }, fields }];
    }
    const query = { model: job.answer.model.name, threshold: job.threshold, min_area_px: job.leastArea, ...scale };
    return ["v1/measure", { query, fields: { file: job.map } }];
  }

  clearFilters() {
    $("least-width").value = $("least-length").value = "";
    this.table.least = { width: 0, length: 0 };
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
    $("threshold").addEventListener("input", () => {
      this.job.threshold = Number($("threshold").value); // from now on, whatever is asked for
      this.setThreshold(this.job.threshold);
      this.measureSoon();
    });
    $("least-area").addEventListener("input", () => {
      this.job.leastArea = Math.max(0, Math.floor(Number($("least-area").value)) || 0);
      this.measureSoon();
    });
    $("opacity").addEventListener("input", () => this.viewer.show({ opacity: Number($("opacity").value) }));
    $("split").addEventListener("input", () => this.viewer.show({ split: Number($("split").value) }));
    $("styles").addEventListener("change", (event) => {
      this.viewer.show({ kind: event.target.value });
      this.legend(this.job.measured.scale);
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

/** Levels of the photo as a browser can show it: the file itself, or what the service makes of a TIFF or HEIC. */
async function showable(job) {
  try {
    return await photoLevels(job.file);
  } catch {
    if (!job.answer) throw new Problem(0, "no-picture", "");
    const options = { query: { format: "photo" }, fields: { file: job.file }, type: "blob", onBusy: () => {} };
    job.shown ??= await send("v1/segment", options);
    return photoLevels(job.shown);
  }
}

/** Whether the figures are of another threshold, or smallest crack, than is set. */
function isBehind({ threshold, leastArea, measuredBy }) {
  return threshold !== measuredBy.threshold || leastArea !== measuredBy.leastArea;
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
