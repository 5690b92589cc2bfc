// The same photo by another model, beside the first one.

import { send } from "./api.js";
import { $, element } from "./dom.js";
import { lookOf, pngOf } from "./jobs.js";
import { mapLevels } from "./pyramid.js";
import { digits } from "./table.js";
import { Viewer } from "./viewer.js";

export class Comparison {
  constructor(onMove) {
    Object.assign(this, { figure: $("second"), select: $("compare"), caption: $("second-caption") });
    this.viewer = new Viewer($("canvas-second"), {
      onHover: () => {}, onChoose: () => {}, onLine: () => {}, onMove, isFollower: true,
    });
    $("show-compare").addEventListener("click", () => this.ask());
    this.clear();
  }

  clear() {
    this.abort?.abort();
    Object.assign(this, { abort: null, job: null, photo: null });
    this.figure.hidden = true;
    this.select.disabled = $("show-compare").disabled = true;
    this.viewer.clear();
  }

  /** The other models, for a photo that is done. `photo`: its levels, `place`: where it is looked at. */
  offer(job, models, photo, place) {
    const others = models.filter(({ name }) => name !== job.answer.model.name);
    Object.assign(this, { job, photo, place });
    this.select.replaceChildren(
      element("option", { value: "" }, "nothing"),
      ...others.map(({ name, version }) => element("option", { value: name }, `${name} ${version}`)),
    );
    this.select.disabled = $("show-compare").disabled = !others.length;
  }

  async ask() {
    this.abort?.abort();
    this.viewer.clear();
    const name = this.select.value;
    this.figure.hidden = !name;
    if (!name) return;
    const { job, abort } = Object.assign(this, { abort: new AbortController() });
    this.caption.textContent = `${name} looks at it…`;
    this.viewer.setPhoto(this.photo);
    this.viewer.follow(this.place());
    try {
      const answer = await send("v1/segment", {
        query: { ...lookOf({ ...job.how, model: name }), mask: "probability", ...job.scale },
        fields: { file: job.file },
        signal: abort.signal,
        onBusy: (seconds) => (this.caption.textContent = `The service is busy; trying again in ${seconds} s.`),
      });
      const levels = await mapLevels(pngOf(answer.mask.data));
      if (this.abort !== abort) return; // another photo or model was chosen meanwhile
      this.viewer.show({ least: 255 * answer.model.threshold });
      this.viewer.setMap(levels);
      this.viewer.setCracks(answer.cracks);
      const { crack_count: count, total_length_px: length } = answer.statistics;
      this.caption.textContent = `${name}: ${count} cracks, ${digits(length)} px`;
    } catch (problem) {
      if (this.abort === abort) this.caption.textContent = problem.message;
    }
  }
}
