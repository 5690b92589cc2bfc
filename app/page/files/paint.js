// From probabilities and cracks to what is drawn over the photo. No state, no events.

export const CRACK = [230, 20, 60]; // as in the service's overlay
// From thin to wide; dark to light, so that the order holds without colour vision (after viridis).
export const WIDTH_COLOURS = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"];

/**
 * The mask within a window of the screen.
 * @param levels of a probability map
 * @param {{scale: number, x: number, y: number}} place screen pixels a photo pixel, and where the photo's corner lies
 * @param {{left: number, top: number, width: number, height: number}} window of the screen
 * @param {number} least byte from which a pixel is crack
 */
export function paintMask(levels, place, window, least, isOutline) {
  const level = levels[levelFor(place.scale, levels.length)];
  const size = levels[0].width / level.width;
  const columns = indices(window.left, window.width, place.x, place.scale * size, level.width);
  const rows = indices(window.top, window.height, place.y, place.scale * size, level.height);
  const crack = new Uint8Array(window.width * window.height);
  for (let y = 0; y < window.height; y++) {
    if (rows[y] < 0) continue;
    const from = rows[y] * level.width;
    const to = y * window.width;
    for (let x = 0; x < window.width; x++) {
      if (columns[x] >= 0 && level.data[from + columns[x]] >= least) crack[to + x] = 1;
    }
  }
  return colour(isOutline ? rim(crack, window.width, window.height) : crack, window);
}

/** The level that has at least a pixel for each one of the screen. */
export function levelFor(scale, count) {
  return Math.min(count - 1, Math.max(0, Math.floor(-Math.log2(scale))));
}

function indices(start, count, offset, size, length) {
  return Int32Array.from({ length: count }, (_, i) => {
    const index = Math.floor((start + i + 0.5 - offset) / size);
    return index >= 0 && index < length ? index : -1;
  });
}

/** What of the crack is within two screen pixels of its edge. */
function rim(crack, width, height) {
  const edge = new Uint8Array(crack.length);
  const at = (x, y) => (x >= 0 && x < width && y >= 0 && y < height ? crack[y * width + x] : 1);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!crack[i]) continue;
      const inside = at(x - 2, y) && at(x + 2, y) && at(x, y - 2) && at(x, y + 2)
        && at(x - 1, y) && at(x + 1, y) && at(x, y - 1) && at(x, y + 1);
      if (!inside) edge[i] = 1;
    }
  }
  return edge;
}

function colour(crack, { width, height }) {
  const picture = new ImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  const value = 0xff000000 | (CRACK[2] << 16) | (CRACK[1] << 8) | CRACK[0]; // little endian, as all that browsers run on
  for (let i = 0; i < crack.length; i++) if (crack[i]) pixels[i] = value;
  return picture;
}

/** Widths between which a colour changes, one more than there are colours; the last is the largest width there is. */
export function widthSteps(cracks) {
  let largest = 0;
  for (const crack of cracks) largest = Math.max(largest, crack.width_px.max);
  return Array.from({ length: WIDTH_COLOURS.length + 1 }, (_, i) => (largest * i) / WIDTH_COLOURS.length);
}

/** Centrelines as paths in photo pixels: `{all, byWidth: [{colour, width, path}]}`. */
export function linesOf(cracks, steps) {
  const all = new Path2D();
  const byWidth = WIDTH_COLOURS.map((colour) => ({ colour, path: new Path2D() }));
  const largest = steps.at(-1) || 1;
  for (const crack of cracks) {
    crack.centerlines_px.forEach((line, branch) => {
      trace(all, line);
      const widths = crack.centerline_widths_px[branch];
      for (let i = 1; i < line.length; i++) {
        // At a junction the wider crack is met from the side: no width of this one.
        const width = Math.min(crack.width_px.max, (widths[i - 1] + widths[i]) / 2);
        const share = width / largest;
        const { path } = byWidth[Math.min(WIDTH_COLOURS.length - 1, Math.floor(share * WIDTH_COLOURS.length))];
        path.moveTo(...line[i - 1]);
        path.lineTo(...line[i]);
      }
    });
  }
  return { all, byWidth };
}

/** The centrelines of one crack. */
export function lineOf(crack) {
  const path = new Path2D();
  for (const line of crack.centerlines_px) trace(path, line);
  return path;
}

function trace(path, line) {
  path.moveTo(...line[0]);
  if (line.length === 1) path.lineTo(line[0][0] + 0.01, line[0][1]); // a dot, by its round caps
  for (const point of line.slice(1)) path.lineTo(...point);
}

/** The id of the crack within whose width, or `reach` photo pixels of it, a point lies; null where there is none. */
export function crackAt(cracks, x, y, reach) {
  let [nearest, best] = [null, reach];
  for (const crack of cracks) {
    const [left, top, width, height] = crack.bbox_px;
    if (x < left - reach || x > left + width + reach || y < top - reach || y > top + height + reach) continue;
    crack.centerlines_px.forEach((line, branch) => {
      const widths = crack.centerline_widths_px[branch];
      line.forEach((point, i) => {
        const away = fromPiece(x, y, line[Math.max(0, i - 1)], point) - widths[i] / 2;
        if (away < best) [nearest, best] = [crack.id, away];
      });
    });
  }
  return nearest;
}

/** Distance of a point from a piece of line. */
function fromPiece(x, y, [x0, y0], [x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const share = length ? Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length)) : 0;
  return Math.hypot(x - x0 - share * dx, y - y0 - share * dy);
}
