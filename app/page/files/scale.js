// The scale of the photo: how it is known, what is asked of the person, and the query that says it.

import { Problem } from "./api.js";
import { $, element } from "./dom.js";
import { scaleInWords } from "./words.js";

const KINDS = {
  mm_per_px: "Millimetres a pixel",
  line: "Length of the line, mm",
  marker: "Side of the marker's black square, mm",
  distance: "From camera to surface, mm",
};

export class Scale {
  /** @param {{onDraw: () => void, onApply: () => void, onCase: () => void}} told */
  constructor(told) {
    Object.assign(this, { job: null, tables: [] });
    $("scale-kind").addEventListener("change", () => this.note({ kind: $("scale-kind").value }));
    $("scale-value").addEventListener("input", () => this.note({ value: $("scale-value").value }));
    $("limits").addEventListener("change", () => this.note({ limits: $("limits").value }));
    $("case").addEventListener("change", () => told.onCase());
    $("apply-scale").addEventListener("click", () => told.onApply());
    $("draw-line").addEventListener("click", () => {
      $("scale-said").textContent = "Click the two ends of the line in the photo; by keys, bring each to the cross and press Enter.";
      told.onDraw();
      $("canvas").focus();
    });
  }

  /** @param {{name: string, title: string, cases: {name: string}[]}[]} tables of width limits */
  offer(tables) {
    this.tables = tables;
    for (const { name, title } of tables) $("limits").append(element("option", { value: name }, title));
  }

  /** The case of the chosen table whose verdicts are wanted. */
  get limitsCase() {
    return $("case").value;
  }

  /** The form of a job's photo, as it was left. */
  show(job) {
    this.job = job;
    $("scale-kind").value = job.form.kind;
    $("scale-value").value = job.form.value;
    $("limits").value = job.form.limits;
    this.lay();
  }

  note(change) {
    Object.assign(this.job.form, change);
    this.lay();
  }

  lay() {
    const { kind, limits } = this.job.form;
    $("scale-number").hidden = $("limits-label").hidden = !kind;
    $("draw-line").hidden = kind !== "line";
    if (kind) $("scale-label").textContent = KINDS[kind];
    const cases = kind ? (this.tables.find(({ name }) => name === limits)?.cases ?? []) : [];
    $("case-label").hidden = !cases.length;
    const before = $("case").value;
    $("case").replaceChildren(...cases.map(({ name }) => element("option", { value: name }, name)));
    if (cases.some(({ name }) => name === before)) $("case").value = before;
  }

  setLine(line) {
    this.note({ line });
    const [[x1, y1], [x2, y2]] = line;
    $("scale-said").textContent = `The line is ${Math.hypot(x2 - x1, y2 - y1).toFixed(1)} px long. Type its length and measure.`;
    $("scale-value").focus();
  }

  /** The query. Throws a Problem that says what is missing. */
  query() {
    const { kind, value: typed, line, limits } = this.job.form;
    if (!kind) return {};
    const value = Number(typed);
    if (!(value > 0)) throw new Problem(0, "no-scale", `${KINDS[kind]}: type a number above 0.`);
    if (kind === "mm_per_px") return { mm_per_px: value, limits };
    if (kind === "marker") return { marker_mm: value, limits };
    if (kind === "distance") return { distance_mm: value, limits };
    if (!line) throw new Problem(0, "no-line", "Draw the line first: two clicks in the photo.");
    const points = line.flat().map((number) => number.toFixed(2)).join(",");
    return { scale_points_px: points, scale_length_mm: value, limits };
  }

  say(scale) {
    $("scale-said").textContent = scaleInWords(scale);
  }

  fail(problem) {
    $("scale-said").textContent = problem.message;
  }
}
