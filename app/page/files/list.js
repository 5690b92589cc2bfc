// The list of photos: what each is called, how far it is, and what can be done about it.

import { element } from "./dom.js";

const SAID = { waiting: "Waits for its turn", uploading: "Is sent", looking: "Cracks are looked for", done: "Done" };

export class List {
  /** @param {{onChoose: (job: object) => void, onCancel: (job: object) => void, onAgain: (job: object) => void}} told */
  constructor(list, told) {
    Object.assign(this, { list, told, items: new Map(), chosen: null, drawn: Promise.resolve() });
    setInterval(() => this.tick(), 1000);
  }

  update(job) {
    if (!this.items.has(job)) this.add(job);
    const item = this.items.get(job);
    item.row.className = job.state + (job === this.chosen ? " chosen" : "");
    item.state.textContent = stateOf(job);
    item.bar.hidden = !["uploading", "looking"].includes(job.state);
    if (job.state === "uploading") item.bar.value = job.share;
    else item.bar.removeAttribute("value"); // it goes on, nobody knows how long
    const act = job.isOpen ? "Cancel" : job.state === "done" ? "" : "Again";
    item.act.hidden = !act;
    item.act.textContent = act;
    item.act.setAttribute("aria-label", `${act} ${job.name}`);
  }

  choose(job) {
    const before = this.chosen;
    this.chosen = job;
    for (const one of [before, job]) if (one) this.update(one);
  }

  add(job) {
    const parts = {
      picture: element("canvas", { width: 96, height: 72, "aria-hidden": "true" }),
      name: element("button", { type: "button", class: "name", title: job.name }, job.name),
      state: element("span", { class: "state" }),
      bar: element("progress", { max: 1, "aria-label": `Progress of ${job.name}` }),
      act: element("button", { type: "button", class: "act" }),
    };
    const row = element("li", {}, parts.picture, element("div", {}, parts.name, parts.state, parts.bar), parts.act);
    parts.name.addEventListener("click", () => this.told.onChoose(job));
    parts.act.addEventListener("click", () => (job.isOpen ? this.told.onCancel(job) : this.told.onAgain(job)));
    this.items.set(job, { row, ...parts });
    this.list.append(row);
    this.drawn = this.drawn.then(() => drawSmall(job.file, parts.picture)); // one after the other: each is a whole photo
  }

  tick() {
    for (const job of this.items.keys()) if (job.state === "looking") this.update(job);
  }
}

function stateOf(job) {
  if (job.reason) return job.reason;
  if (job.state === "looking") return `${SAID.looking}: ${Math.round((Date.now() - job.since) / 1000)} s`;
  if (job.state === "uploading") return `${SAID.uploading}: ${Math.round(100 * job.share)} %`;
  if (job.state !== "done") return SAID[job.state];
  const count = job.measured.statistics.crack_count;
  return count === 0 ? "No crack found" : count === 1 ? "1 crack" : `${count} cracks`;
}

async function drawSmall(file, canvas) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: 192, resizeQuality: "low" });
    const scale = Math.max(canvas.width / bitmap.width, canvas.height / bitmap.height);
    const [width, height] = [scale * bitmap.width, scale * bitmap.height];
    canvas.getContext("2d").drawImage(bitmap, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
    bitmap.close();
  } catch {
    // A format that browsers do not show: the place stays grey.
  }
}
