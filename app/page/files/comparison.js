// The same photo by another model, beside the first one.

import { send } from "./api.js";
import { lookOf, pngOf } from "./jobs.js";
import { mapLevels } from "./pyramid.js";
import { digits, element } from "./table.js";
import { Viewer } from "./viewer.js";

export class Comparison {
  constructor(figure, select, onMove) {
    Object.assign(this, { figure, select, caption: figure.querySelector("figcaption"), job: null, abort: null });
    this.viewer = new Viewer(figure.querySelector("canvas"), {
      onHover: () => {}, onChoose: () => {}, onLine: () => {}, onMove,
    });
    select.addEventListener("change", () => this.ask());
  }

  clear() {
    this.abort?.abort();
    this.figure.hidden = true;
    this.select.value = "";
    this.viewer.clear();
  }

  /** The other models, for a photo that is done. */
  offer(job, models) {
    this.job = job;
    const others = models.filter(({ name }) => name !== job.answer?.model.name);
    this.select.replaceChildren(
      element("option", { value: "" }, "nothing"),
      ...others.map(({ name, version }) => element("option", { value: name }, `${name} ${version}`)),
    );
    this.select.disabled = !others.length;
  }

  async ask() {
    this.abort?.abort();
    this.figure.hidden = !this.select.value;
    if (!this.select.value) return;
    const { job, abort } = Object.assign(this, { abort: new AbortController() });
    this.caption.textContent = `${this.select.value} looks at it…`;
    this.viewer.setPhoto(job.levels);
    this.viewer.resize();
    try {
      const query = { ...lookOf({ ...job.how, model: this.select.value }), mask: "probability", ...job.scale };
      const answer = await send("v1/segment", { query, fields: { file: job.file }, signal: abort.signal });
      this.viewer.show({ least: 255 * answer.model.threshold });
      this.viewer.setMap(await mapLevels(pngOf(answer.mask.data)));
      const { crack_count: count, total_length_px: length } = answer.statistics;
      this.caption.textContent = `${answer.model.name}: ${count} cracks, ${digits(length)} px`;
    } catch (problem) {
      if (problem.code !== "cancelled") this.caption.textContent = problem.message;
    }
  }
}
