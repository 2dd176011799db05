// Fingers, mouse and wheel on one element, as: drag, pinch, double tap, wheel.

const DOUBLE_TAP_MS = 300;
const DOUBLE_TAP_PIXELS = 30;
const TAP_PIXELS = 6;
const LINE_PIXELS = 20; // of a wheel that counts lines

/** `on`: begin(event), drag(dx, dy, event), end(), pinch(factor, x, y, dx, dy), doubleTap(x, y), wheel(pixels), zoom(factor, x, y). */
export function listen(target, on) {
  const fingers = new Map();
  let moved = 0;
  let lastTap = { at: 0, x: 0, y: 0 };

  target.addEventListener("pointerdown", (event) => {
    target.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    moved = 0;
    if (fingers.size === 1) on.begin(event);
  });

  target.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (fingers.size === 1 && moved > TAP_PIXELS) on.drag(now.x - before.x, now.y - before.y, event);
    if (fingers.size === 2) pinch(event.pointerId, before, now);
    fingers.set(event.pointerId, now);
  });

  function pinch(id, before, now) {
    const [other] = [...fingers].filter(([each]) => each !== id).map(([, finger]) => finger);
    const factor = distance(now, other) / Math.max(1, distance(before, other));
    on.pinch(factor, (now.x + other.x) / 2, (now.y + other.y) / 2, (now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  function up(event) {
    if (!fingers.delete(event.pointerId) || fingers.size) return;
    on.end();
    if (event.type === "pointerup" && moved <= TAP_PIXELS) tap(place(event), event.timeStamp);
  }

  function tap(spot, at) {
    const double = at - lastTap.at < DOUBLE_TAP_MS && distance(spot, lastTap) < DOUBLE_TAP_PIXELS;
    if (double) on.doubleTap(spot.x, spot.y);
    lastTap = double ? { at: 0, x: 0, y: 0 } : { at, ...spot };
  }

  target.addEventListener("pointerup", up);
  target.addEventListener("pointercancel", up);
  target.addEventListener("contextmenu", (event) => event.preventDefault());
  target.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PIXELS : 1);
      if (event.ctrlKey || event.metaKey) on.zoom(Math.exp(-pixels / 200), ...Object.values(place(event)));
      else on.wheel(pixels);
    },
    { passive: false },
  );

  function place(event) {
    const box = target.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
}

const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);
