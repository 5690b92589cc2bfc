// A photo with its cracks on a canvas: zoom, pan, ways to show them. Places are screen pixels of the canvas.

import { listen } from "./gestures.js";
import { CRACK, WIDTH_COLOURS, levelFor, lineOf, linesOf, paintMask, widthSteps } from "./paint.js";

const CLOSEST = 32; // screen pixels a photo pixel

export class Viewer {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{onHover: (id: ?number) => void, onChoose: (id: number) => void, onMove: (place: object) => void,
   *          onLine: (line: number[][]) => void, isFollower?: boolean}} told a follower stands where it is told to,
   *          whatever becomes of its size
   */
  constructor(canvas, told) {
    Object.assign(this, { canvas, told, context: canvas.getContext("2d") });
    this.style = { kind: "mask", opacity: 0.8, split: 0, least: 128 };
    this.clear();
    new ResizeObserver(() => this.resize()).observe(canvas);
    listen(this);
  }

  clear() {
    Object.assign(this, { photo: null, place: null, map: null, cracks: [], lines: null, lit: null, line: null });
    this.setLine(null);
    this.steps = widthSteps([]);
    this.draw();
  }

  /** @param {ImageBitmap[]} levels */
  setPhoto(levels) {
    this.photo = levels;
    this.size = { width: levels[0].width, height: levels[0].height };
    this.fit();
  }

  setMap(levels) {
    this.map = levels;
    this.draw();
  }

  setCracks(cracks) {
    this.cracks = cracks;
    this.steps = widthSteps(cracks);
    this.lines = linesOf(cracks, this.steps);
    this.draw();
  }

  /** @param {{kind?: string, opacity?: number, split?: number, least?: number}} change */
  show(change) {
    Object.assign(this.style, change);
    this.draw();
  }

  light(id) {
    if (this.lit === id) return;
    this.lit = id;
    this.draw();
  }

  /** The next two places that are clicked become a line. */
  startLine() {
    Object.assign(this, { isDrawing: true, line: [] });
    this.canvas.classList.add("drawing");
    this.draw();
  }

  setLine(line) {
    this.line = line;
    this.isDrawing = false;
    this.canvas.classList.remove("drawing");
    this.draw();
  }

  fit() {
    if (!this.photo) return;
    const { width, height } = this.canvas;
    const scale = Math.min(width / this.size.width, height / this.size.height);
    this.move({ scale, x: (width - scale * this.size.width) / 2, y: (height - scale * this.size.height) / 2 });
    this.isFitted = true;
  }

  moveBy(right, down) {
    const { scale, x, y } = this.place;
    this.move({ scale, x: x + right, y: y + down });
  }

  /** Bring a box of photo pixels, `[x, y, width, height]`, into sight. */
  goTo([x, y, width, height]) {
    const scale = Math.min(4, (0.7 * this.canvas.width) / width, (0.7 * this.canvas.height) / height);
    this.move({
      scale,
      x: this.canvas.width / 2 - scale * (x + width / 2),
      y: this.canvas.height / 2 - scale * (y + height / 2),
    });
  }

  /** Screen pixels a photo pixel become `scale`, and the place under `at` stays there. */
  zoomTo(scale, at = this.middle) {
    if (!this.photo) return;
    const least = Math.min(1, this.canvas.width / this.size.width, this.canvas.height / this.size.height) / 2;
    const next = Math.min(CLOSEST, Math.max(least, scale));
    const ratio = next / this.place.scale;
    this.move({
      scale: next,
      x: at[0] - ratio * (at[0] - this.place.x),
      y: at[1] - ratio * (at[1] - this.place.y),
    });
  }

  zoomBy(factor, at) {
    if (this.photo) this.zoomTo(this.place.scale * factor, at);
  }

  move(place) {
    this.place = place;
    this.isFitted = false;
    this.draw();
    this.told.onMove(place);
  }

  /** As another viewer stands, `place`; tells nobody. */
  follow(place) {
    if (!this.photo) return;
    Object.assign(this, { place, isFitted: false });
    this.draw();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return;
    const before = { width: this.canvas.width, height: this.canvas.height };
    if (before.width === Math.round(clientWidth * ratio) && before.height === Math.round(clientHeight * ratio)) return;
    Object.assign(this.canvas, { width: Math.round(clientWidth * ratio), height: Math.round(clientHeight * ratio) });
    if (this.told.isFollower) this.draw();
    else if (this.isFitted || !this.place) this.fit();
    else this.moveBy((this.canvas.width - before.width) / 2, (this.canvas.height - before.height) / 2);
  }

  /** Once a frame, however often it is asked for. */
  draw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.paint();
    });
  }

  paint() {
    const { context, canvas, style } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.photo || !this.place) return;
    const sight = this.sight();
    if (sight.width <= 0 || sight.height <= 0) return;
    this.paintPhoto(sight);
    const from = Math.max(sight.left, Math.round(style.split * canvas.width));
    const part = { ...sight, left: from, width: sight.left + sight.width - from };
    if (part.width > 0) this.paintCracks(part);
    if (style.split > 0) this.paintDivider(Math.round(style.split * canvas.width));
    if (this.line) this.paintLine();
  }

  /** The window of the screen that the photo fills. */
  sight() {
    const { scale, x, y } = this.place;
    const left = Math.max(0, Math.floor(x));
    const top = Math.max(0, Math.floor(y));
    const right = Math.min(this.canvas.width, Math.ceil(x + scale * this.size.width));
    const bottom = Math.min(this.canvas.height, Math.ceil(y + scale * this.size.height));
    return { left, top, width: right - left, height: bottom - top };
  }

  paintPhoto(sight) {
    const { scale, x, y } = this.place;
    const level = this.photo[levelFor(scale, this.photo.length)];
    const size = scale * (this.size.width / level.width);
    this.context.imageSmoothingEnabled = scale < 2; // beyond, single pixels are to be seen
    this.context.drawImage(
      level,
      (sight.left - x) / size, (sight.top - y) / size, sight.width / size, sight.height / size,
      sight.left, sight.top, sight.width, sight.height,
    );
  }

  paintCracks(part) {
    const { context, style } = this;
    context.save();
    context.beginPath();
    context.rect(part.left, part.top, part.width, part.height);
    context.clip();
    context.globalAlpha = style.opacity;
    if (this.map && (style.kind === "mask" || style.kind === "outline")) {
      const picture = paintMask(this.map, this.place, part, style.least, style.kind === "outline");
      const layer = new OffscreenCanvas(part.width, part.height);
      layer.getContext("2d").putImageData(picture, 0, 0);
      context.drawImage(layer, part.left, part.top);
    }
    this.paintLines();
    context.restore();
  }

  paintLines() {
    const { context, style, place } = this;
    const thin = (2 * (window.devicePixelRatio || 1)) / place.scale;
    this.toPhoto();
    if (this.lines && style.kind === "centerline") this.stroke(this.lines.all, `rgb(${CRACK})`, thin);
    if (this.lines && style.kind === "width") {
      this.lines.byWidth.forEach(({ colour, path }, step) => {
        this.stroke(path, colour, Math.max(1.5 * thin, (this.steps[step] + this.steps[step + 1]) / 2));
      });
    }
    const lit = this.cracks.find((crack) => crack.id === this.lit);
    if (lit) {
      context.globalAlpha = 1;
      const path = lineOf(lit);
      this.stroke(path, "#ffffff", 3 * thin);
      this.stroke(path, "#0050d8", 1.5 * thin);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** From here on, coordinates are photo pixels; the centre of the first one is (0, 0). */
  toPhoto() {
    const { scale, x, y } = this.place;
    this.context.setTransform(scale, 0, 0, scale, x + scale / 2, y + scale / 2);
  }

  stroke(path, colour, width) {
    Object.assign(this.context, { strokeStyle: colour, lineWidth: width, lineCap: "round", lineJoin: "round" });
    this.context.stroke(path);
  }

  paintDivider(x) {
    this.context.fillStyle = "#ffffff";
    this.context.fillRect(x - 1, 0, 2, this.canvas.height);
  }

  /** The line of known length and, while it is drawn by keys, the middle that Enter takes. */
  paintLine() {
    if (this.isDrawing) this.paintMiddle();
    const thin = (2 * (window.devicePixelRatio || 1)) / this.place.scale;
    this.toPhoto();
    const path = new Path2D();
    this.line.forEach(([x, y], i) => {
      if (i) path.lineTo(x, y);
      path.moveTo(x + 3 * thin, y);
      path.arc(x, y, 3 * thin, 0, 2 * Math.PI);
      path.moveTo(x, y);
    });
    this.stroke(path, "#ffffff", 2 * thin);
    this.stroke(path, "#0050d8", thin);
    this.context.setTransform(1, 0, 0, 1, 0, 0);
  }

  paintMiddle() {
    const [x, y] = this.middle;
    this.context.fillStyle = "#0050d8";
    this.context.fillRect(x - 12, y - 1, 24, 2);
    this.context.fillRect(x - 1, y - 12, 2, 24);
  }

  get middle() {
    return [this.canvas.width / 2, this.canvas.height / 2];
  }

  /** From the screen to photo pixels. */
  onPhoto([x, y]) {
    const { scale } = this.place;
    return [(x - this.place.x) / scale - 0.5, (y - this.place.y) / scale - 0.5];
  }

  addToLine(point) {
    this.line.push(point);
    if (this.line.length === 2) {
      this.setLine(this.line);
      this.told.onLine(this.line);
    }
    this.draw();
  }

  /** Colours and the widths, in pixels, that they stand for. */
  legend() {
    return WIDTH_COLOURS.map((colour, i) => ({ colour, from: this.steps[i], to: this.steps[i + 1] }));
  }
}
