// Mouse, fingers and keys on the canvas of a viewer.

import { crackAt } from "./paint.js";

const PAN_STEP = 60;
const REACH = 8; // of the pointer, screen pixels
const ZOOM_STEP = 1.5;

/** Make the viewer move, zoom, point and draw. */
export function listen(viewer) {
  const { canvas } = viewer;
  const pointers = new Map(); // those that are down, and where
  let wandered = 0; // of the pointer since it went down, screen pixels

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const ratio = canvas.width / box.width;
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  };
  const crackUnder = (place) => {
    const [x, y] = viewer.onPhoto(place);
    return crackAt(viewer.cracks, x, y, REACH / viewer.place.scale);
  };

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    viewer.zoomBy(Math.exp(-event.deltaY / (event.deltaMode ? 20 : 400)), at(event)); // in lines, or in pixels
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    if (!viewer.photo) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    wandered = 0;
  });

  canvas.addEventListener("pointermove", (event) => {
    if (!viewer.photo) return;
    const [now, before] = [at(event), pointers.get(event.pointerId)];
    if (!before) {
      viewer.told.onHover(crackUnder(now));
      return;
    }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      viewer.zoomBy(distance(now, other) / Math.max(1, distance(before, other)), middle);
    } else {
      viewer.moveBy(now[0] - before[0], now[1] - before[1]);
    }
    wandered += distance(now, before);
    pointers.set(event.pointerId, now);
  });

  const release = (event) => {
    if (!pointers.delete(event.pointerId) || wandered > REACH) return;
    if (viewer.isDrawing) {
      viewer.addToLine(viewer.onPhoto(at(event)));
      return;
    }
    const id = crackUnder(at(event));
    if (id !== null) viewer.told.onChoose(id);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => viewer.told.onHover(null));

  canvas.addEventListener("keydown", (event) => {
    if (!viewer.photo || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => viewer.moveBy(PAN_STEP, 0),
      ArrowRight: () => viewer.moveBy(-PAN_STEP, 0),
      ArrowUp: () => viewer.moveBy(0, PAN_STEP),
      ArrowDown: () => viewer.moveBy(0, -PAN_STEP),
      "+": () => viewer.zoomBy(ZOOM_STEP),
      "-": () => viewer.zoomBy(1 / ZOOM_STEP),
      0: () => viewer.fit(),
      1: () => viewer.zoomTo(1),
      ...(viewer.isDrawing && { Enter: () => viewer.addToLine(viewer.onPhoto(viewer.middle)) }),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
}

function distance([x0, y0], [x1, y1]) {
  return Math.hypot(x1 - x0, y1 - y0);
}
