// A result as a file: asked of the service in the form that is wanted, with the map that is known.

import { send } from "./api.js";
import { lookOf } from "./jobs.js";

export const DOWNLOADS = {
  pdf: { said: "The report", suffix: ".pdf", query: { photo_metadata: true } },
  csv: { said: "The table", suffix: ".csv" },
  overlay: { said: "The overlay", suffix: ".overlay.jpg" },
  mask: { said: "The mask", suffix: ".mask.png" },
  json: { said: "The result", suffix: ".json", query: { mask: "rle", outlines: true, photo_metadata: true } },
  zip: { said: "Everything", suffix: ".zip" },
  geojson: { said: "The outlines", suffix: ".geojson" },
  svg: { said: "The outlines", suffix: ".svg" },
  coco: { said: "The annotations", suffix: ".coco.json" },
  "label-studio": { said: "The prediction", suffix: ".label-studio.json" },
  cvat: { said: "The annotations", suffix: ".cvat.xml" },
  probability: { said: "The probability map", suffix: ".probability.png" },
  density: { said: "The density map", suffix: ".density.png" },
};

/** Everything that a request about a job's photo says, without running its model again. */
export function known(job) {
  return {
    query: { ...lookOf(job.how), threshold: job.threshold, min_area_px: job.leastArea, ...job.scale },
    fields: { file: job.file, probability: job.map },
  };
}

/** Save the job's result under the photo's name. */
export async function download(job, format, onBusy) {
  const { suffix, query = {} } = DOWNLOADS[format];
  const { fields, query: about } = known(job);
  const blob = await send("v1/segment", { query: { ...about, ...query, format }, fields, type: "blob", onBusy });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = job.name.replace(/\.[^.]*$/, "") + suffix;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser has taken it by then
}
