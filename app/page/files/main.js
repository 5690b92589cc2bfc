// The page: what is clicked, dropped and typed, handed to the parts, and what they say, shown.

import { Problem, isKey, onKeyWanted, send } from "./api.js";
import { Comparison } from "./comparison.js";
import { $, element } from "./dom.js";
import { DOWNLOADS, download } from "./downloads.js";
import { Job, Queue } from "./jobs.js";
import { List } from "./list.js";
import { Result } from "./result.js";


const queue = new Queue((job) => changed(job));
const list = new List($("queue"), {
  onChoose: (job) => choose(job),
  onCancel: (job) => queue.cancel(job),
  onAgain: (job) => queue.again(job),
});
const comparison = new Comparison((place) => result.viewer.follow(place));
const result = new Result({
  onMove: (place) => comparison.viewer.follow(place),
  onMeasured: (job) => list.update(job),
});

let chosen = null;

function changed(job) {
  list.update(job);
  if (!job.isOpen) $("status").textContent = `${job.name}: ${job.reason || "done"}`;
  // The first one that is done is shown; whoever looks at another is left in peace.
  if (job.state === "done" && (!chosen || chosen === job)) choose(job);
}

async function choose(job) {
  chosen = job;
  list.choose(job);
  comparison.clear();
  await result.show(job);
  if (chosen === job && job.answer) comparison.offer(job, models, result.levels, () => result.viewer.place);
}

// --- photos come in ---------------------------------------------------------------------------

function take(files) {
  const photos = [...files].filter((file) => file.size > 0 || file.type);
  const how = { model: $("model").value || null, mode: $("mode").value, asset: $("asset").value.trim() };
  queue.add(photos.map((file) => new Job(file, file.name || "pasted photo", how)));
}

for (const [button, input] of [["choose", "files"], ["camera", "shot"]]) {
  $(button).addEventListener("click", () => $(input).click());
  $(input).addEventListener("change", () => {
    take($(input).files);
    $(input).value = ""; // the same file may come again
  });
}
$("sample").addEventListener("click", async () => {
  try {
    take([new File([await send("page/sample.jpg", { type: "blob" })], "sample, drawn by program.jpg", { type: "image/jpeg" })]);
  } catch (problem) {
    notice(problem.message);
  }
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) take(event.clipboardData.files);
});
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  take(event.dataTransfer.files);
});
window.addEventListener("beforeunload", (event) => {
  if (queue.jobs.some((job) => job.isOpen)) event.preventDefault();
});

// --- what is taken away -----------------------------------------------------------------------

async function takeAway(format) {
  const job = chosen;
  if (!job?.answer) return;
  $("download-said").textContent = "Is made…";
  try {
    await download(job, format, (seconds) => {
      $("download-said").textContent = `The service is busy; trying again in ${seconds} s.`;
    });
    $("download-said").textContent = `${DOWNLOADS[format].said} of ${job.name}: saved.`;
  } catch (problem) {
    $("download-said").textContent = problem.message;
  }
}
for (const button of document.querySelectorAll("[data-format]")) {
  button.addEventListener("click", () => takeAway(button.dataset.format));
}
$("save-more").addEventListener("click", () => takeAway($("more").value));

// --- what the service is ----------------------------------------------------------------------

let models = [];

function notice(words) {
  $("notice").hidden = !words;
  $("notice").textContent = words;
}

onKeyWanted(async (reason) => {
  const dialog = $("key-dialog");
  if (!dialog.open) {
    $("key-reason").textContent = reason || "Whoever runs it can give you one.";
    $("key").value = dialog.returnValue = "";
    dialog.showModal();
  }
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue === "ok" ? $("key").value.trim() : null;
});
$("key").addEventListener("input", () => {
  const isUsable = isKey($("key").value.trim());
  $("key").setCustomValidity(isUsable ? "" : "A key has letters, digits and signs of ASCII alone, and no blanks.");
});

async function start() {
  try {
    const [settings, said, tables] = await Promise.all([send("page/settings.json"), send("v1/models"), send("v1/limits")]);
    queue.mostBytes = settings.max_upload_bytes;
    ({ models } = said);
    if (!models.length) throw new Problem(0, "no-model", "This service has no model: whoever runs it must add one to its models folder.");
    for (const { name, version, default: isDefault } of models) {
      $("model").append(element("option", { value: name, ...(isDefault && { selected: "" }) }, `${name} ${version}`));
    }
    result.scale.offer(tables.limits);
    await warm();
  } catch (problem) {
    notice(problem.message);
  }
}

/** A service that has just started reads its models for some seconds. */
async function warm() {
  for (;;) {
    try {
      await send("readyz");
      notice("");
      return;
    } catch (problem) {
      if (problem.status !== 503) throw problem;
      notice("The service is getting ready; photos can be chosen already.");
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

start();
