// The scale of the photo: how it is known, what is asked of the person, and the query that says it.

import { Problem } from "./api.js";
import { scaleInWords } from "./words.js";

const $ = (id) => document.getElementById(id);

const KINDS = {
  mm_per_px: "Millimetres a pixel",
  line: "Length of the line, mm",
  marker: "Side of the marker's black square, mm",
  distance: "From camera to surface, mm",
};

export class Scale {
  constructor(onDraw, onApply) {
    Object.assign(this, { job: null, line: null });
    $("scale-kind").addEventListener("change", () => this.choose());
    $("draw-line").addEventListener("click", () => {
      $("scale-said").textContent = "Click the two ends of the line in the photo.";
      onDraw();
    });
    $("apply-scale").addEventListener("click", () => onApply());
  }

  /** What a marker, the camera's data or limits by them need: the photo, not the map alone. */
  get needsPhoto() {
    return ["marker", "distance"].includes($("scale-kind").value);
  }

  show(job) {
    this.job = job;
    this.line = job.line;
    this.choose();
  }

  choose() {
    const kind = $("scale-kind").value;
    $("scale-number").hidden = $("limits-label").hidden = !kind;
    $("draw-line").hidden = kind !== "line";
    if (kind) $("scale-label").textContent = KINDS[kind];
  }

  setLine(line) {
    this.line = this.job.line = line;
    const [[x1, y1], [x2, y2]] = line;
    $("scale-said").textContent = `The line is ${Math.hypot(x2 - x1, y2 - y1).toFixed(1)} px long. Type its length and measure.`;
    $("scale-value").focus();
  }

  /** The query. Throws a Problem that says what is missing. */
  query() {
    const kind = $("scale-kind").value;
    if (!kind) return {};
    const value = Number($("scale-value").value);
    if (!(value > 0)) throw new Problem(0, "no-scale", `${KINDS[kind]}: type a number above 0.`);
    const limits = $("limits").value ? { limits: $("limits").value } : {};
    if (kind === "mm_per_px") return { mm_per_px: value, ...limits };
    if (kind === "marker") return { marker_mm: value, ...limits };
    if (kind === "distance") return { distance_mm: value, ...limits };
    if (!this.line) throw new Problem(0, "no-line", "Draw the line first: two clicks in the photo.");
    const points = this.line.flat().map((number) => number.toFixed(2)).join(",");
    return { scale_points_px: points, scale_length_mm: value, ...limits };
  }

  say(scale) {
    $("scale-said").textContent = scaleInWords(scale);
  }

  fail(problem) {
    $("scale-said").textContent = problem.message;
  }
}
