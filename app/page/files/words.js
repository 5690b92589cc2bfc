// What the service's codes mean, in words that a person can act on.

export const WARNINGS = {
  blurred: "The photo is blurred: thin cracks may not show. No crack found does not mean that there is none. Take it again, nearer or steadier.",
  underexposed: "The photo is too dark: cracks may not show. Take it again with more light.",
  overexposed: "The photo is too bright: cracks may not show. Take it again with less light.",
  "too-far": "The photo was taken from too far away for thin cracks. Go nearer.",
  "first-frame-only": "The file has several pictures; only the first was looked at.",
  "smallest-cracks-left-out": "There are so many cracks that the smallest were left out of the table.",
  "scale-indicative": "The scale is from the camera's own data and only indicative: measure the distance again before you rely on millimetres.",
  "scale-too-unsure": "The scale is too unsure for some cracks: they have no millimetres.",
  "limits-need-scale": "Width limits are in millimetres: give a scale to hold the cracks against them.",
  "probability-given": null, // the page sends the map back itself: nothing new to a reader
};

export const SOURCES = {
  parameter: "given by you",
  points: "from the line that you drew",
  marker: "from the marker in the photo",
  camera: "from the camera's own data, only indicative",
};

/** One line on the scale of an answer. */
export function scaleInWords(scale) {
  if (!scale) return "No scale, so no millimetres.";
  const doubt = scale.relative_uncertainty;
  const sure = doubt === null ? "" : `, ±${(100 * doubt).toPrecision(2)} %`;
  return `${scale.mm_per_px.toPrecision(4)} mm a pixel, ${SOURCES[scale.source] ?? scale.source}${sure}.`;
}
