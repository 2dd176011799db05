// Fingers, pen, mouse and wheel on the stage of a pane, as drags, pinches and taps.

import type { Point } from "./affine";

const DOUBLE_TAP_MS = 300;
const DOUBLE_TAP_PIXELS = 30;
const TAP_PIXELS = 6;
const LINE_PIXELS = 20; // of a wheel that counts lines

export type Button = "main" | "middle" | "right";

export interface Hands {
  begin(at: Point, button: Button, target: Element): void;
  drag(dx: number, dy: number, at: Point): void;
  end(at: Point, tapped: boolean): void;
  cancel(): void;
  pinch(factor: number, at: Point, dx: number, dy: number): void;
  doubleTap(at: Point): void;
  wheel(pixels: number): void;
  zoom(factor: number, at: Point): void;
}

const BUTTONS: Button[] = ["main", "middle", "right"];

export function listen(stage: HTMLElement, hands: Hands): void {
  const fingers = new Map<number, Point>();
  let moved = 0;
  let pinched = false;
  let lastTap = { at: 0, x: 0, y: 0 };

  const place = (event: MouseEvent): Point => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 1) {
      moved = 0;
      pinched = false;
      hands.begin(place(event), BUTTONS[event.button] ?? "main", event.target as Element);
    } else if (!pinched) {
      pinched = true;
      hands.cancel(); // what one finger began was the first of two
    }
  });

  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (fingers.size === 1 && !pinched && moved > TAP_PIXELS) hands.drag(now.x - before.x, now.y - before.y, now);
    if (fingers.size === 2) pinch(event.pointerId, before, now);
    if (moved > TAP_PIXELS || fingers.size > 1) fingers.set(event.pointerId, now);
  });

  function pinch(id: number, before: Point, now: Point): void {
    const other = [...fingers].find(([each]) => each !== id)?.[1] as Point;
    const factor = distance(now, other) / Math.max(1, distance(before, other));
    hands.pinch(factor, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }, (now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  const up = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId) || fingers.size) return;
    if (event.type === "pointercancel") return hands.cancel();
    if (pinched) return;
    const tapped = moved <= TAP_PIXELS;
    hands.end(place(event), tapped);
    if (tapped && event.pointerType !== "mouse") tap(place(event), event.timeStamp); // of a mouse the system knows what a double click is
  };

  function tap(spot: Point, at: number): void {
    const double = at - lastTap.at < DOUBLE_TAP_MS && distance(spot, lastTap) < DOUBLE_TAP_PIXELS;
    if (double) hands.doubleTap(spot);
    lastTap = double ? { at: 0, x: 0, y: 0 } : { at, ...spot };
  }

  let byMouse = false; // browsers tell of a double click after two taps as well
  stage.addEventListener("pointerup", (event) => (byMouse = event.pointerType === "mouse"));
  stage.addEventListener("dblclick", (event) => byMouse && hands.doubleTap(place(event)));
  stage.addEventListener("pointerup", up);
  stage.addEventListener("pointercancel", up);
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("mousedown", (event) => event.button === 1 && event.preventDefault()); // no scrolling mark of the browser
  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PIXELS : 1);
      if (event.ctrlKey || event.metaKey) hands.zoom(Math.exp(-pixels / 200), place(event));
      else hands.wheel(pixels);
    },
    { passive: false },
  );
}

const distance = (one: Point, other: Point) => Math.hypot(one.x - other.x, one.y - other.y);
