// A photo and its probabilities at falling sizes, so that any zoom draws about as many pixels as the screen has.

const LEAST_SIDE = 512;
const STRIP = 1024; // rows read back at once: a whole photo of 100 megapixels would be 400 MB more

/** Levels of a photo, `ImageBitmap`s: each half as wide and high as the one before. */
export async function photoLevels(blob) {
  const levels = [await createImageBitmap(blob)]; // upright: browsers apply the EXIF orientation
  for (let last = levels[0]; Math.max(last.width, last.height) > LEAST_SIDE; last = levels.at(-1)) {
    const half = { resizeWidth: halved(last.width), resizeHeight: halved(last.height), resizeQuality: "medium" };
    levels.push(await createImageBitmap(last, half));
  }
  return levels;
}

/** Levels of a probability map, `{data, width, height}`, from its PNG: each pixel the largest of the four under it. */
export async function mapLevels(png) {
  const levels = [await readMap(png)];
  while (Math.max(levels.at(-1).width, levels.at(-1).height) > LEAST_SIDE) levels.push(halfOf(levels.at(-1)));
  return levels;
}

async function readMap(png) {
  const exact = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(png, exact);
  const { width, height } = bitmap;
  const data = new Uint8Array(width * height);
  const canvas = new OffscreenCanvas(width, Math.min(STRIP, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    context.drawImage(bitmap, 0, -top);
    const pixels = context.getImageData(0, 0, width, rows).data;
    for (let i = 0, at = top * width; i < rows * width; i++) data[at + i] = pixels[4 * i];
  }
  bitmap.close();
  return { data, width, height };
}

/** Half as large; what is left over at an odd edge stands alone, so that no hairline is lost. */
export function halfOf({ data, width, height }) {
  const [w, h] = [halved(width), halved(height)];
  const half = new Uint8Array(w * h);
  for (let y = 0; y < h; y++) {
    const upper = 2 * y * width;
    const lower = 2 * y + 1 < height ? upper + width : upper;
    for (let x = 0; x < w; x++) {
      const left = 2 * x;
      const right = left + 1 < width ? left + 1 : left;
      half[y * w + x] = Math.max(data[upper + left], data[upper + right], data[lower + left], data[lower + right]);
    }
  }
  return { data: half, width: w, height: h };
}

function halved(length) {
  return Math.max(1, Math.ceil(length / 2));
}
