// What a hand on the stage does: browse, window, zoom, move, or draw.

import { listen, type Button } from "./hands";
import { TOOLS, type Tool } from "./measure";
import type { Pane } from "./pane";
import { dragged, wholeStart } from "./tone";
import type { Viewer } from "./viewer";

export type Mode = "scroll" | "tone" | "zoom" | "pan" | Tool;
export const MODES: Mode[] = ["scroll", "tone", "zoom", "pan"];

/** What one finger or the left button does until something else is chosen; a mouse browses by its wheel. */
export const USUAL: Mode = matchMedia("(pointer: fine)").matches ? "tone" : "scroll";

export const isTool = (mode: Mode): mode is Tool => (TOOLS as string[]).includes(mode);

const DOUBLE_TAP_ZOOM = 2.5;
const ZOOM_PIXELS = 150; // so far a finger goes to enlarge e times
const PIXELS_A_PICTURE = 8; // a drag over the stage goes through a long stack, but no faster than this
const WHEEL_PIXELS = 40;

export function bindGestures(viewer: Viewer, pane: Pane): void {
  const { surface } = pane;
  const { postures, drawing } = viewer;
  let acting: Mode | "mark" | "cross" = "scroll";
  let travelled = 0;
  const start = (button: Button, target: Element): Mode | "mark" | "cross" => {
    if (button === "right") return "zoom";
    if (button === "middle") return "pan";
    if (!isTool(viewer.mode) && viewer.volumes.open?.takes(target)) return "cross"; // who measures may begin in its middle
    return drawing.takes(target) || isTool(viewer.mode) ? "mark" : viewer.mode;
  };
  /** Goes so many pictures as were travelled; what is left of the way. */
  const scrolled = (pixels: number, aPicture: number): number => {
    const steps = Math.trunc(pixels / aPicture);
    if (steps) viewer.browsing.step(steps, pane);
    return pixels - steps * aPicture;
  };
  listen(pane.stage, {
    begin: (at, button, target) => {
      pane.pause();
      travelled = 0;
      acting = start(button, target);
      if (acting === "mark") drawing.begin(pane, at, target);
      if (acting === "cross") viewer.volumes.open?.begin(pane, at, target);
    },
    drag: (dx, dy, at) => {
      if (acting === "mark") return drawing.drag(pane, at);
      if (acting === "cross") return viewer.volumes.open?.drag(pane, at);
      if (acting === "tone") return dragWindow(pane, dx, dy);
      if (acting === "zoom") return postures.zoom(Math.exp(-dy / ZOOM_PIXELS), null, pane);
      if (acting === "pan") return postures.move(dx, dy, pane);
      travelled = scrolled(travelled + dy, pixelsAPicture(pane));
    },
    end: (at, tapped) => {
      if (acting === "mark") drawing.end(pane, at, tapped);
      else pane.settle();
      if (acting === "tone") pane.setWindow(pane.window);
    },
    cancel: () => drawing.cancel(),
    pinch: (factor, at, dx, dy) => {
      postures.zoom(factor, at, pane);
      postures.move(dx, dy, pane);
    },
    doubleTap: (at) => {
      if (acting === "mark" || acting === "cross") return;
      if (surface.posture.zoom > 1) postures.restore(pane);
      else postures.zoom(DOUBLE_TAP_ZOOM, at, pane);
    },
    wheel: (pixels) => {
      travelled = scrolled((Math.sign(pixels) === Math.sign(travelled) ? travelled : 0) + pixels, WHEEL_PIXELS);
    },
    zoom: (factor, at) => postures.zoom(factor, at, pane),
  });
}

/** The window after so many pixels of a drag: right for less contrast, down for darker. */
export function dragWindow(pane: Pane, dx: number, dy: number): void {
  if (!pane.picture?.grey) return;
  pane.setWindow(dragged(pane.effectiveWindow ?? wholeStart(pane.picture.tone), dx, dy), true);
  pane.settle();
}

const pixelsAPicture = ({ surface, pictures }: Pane): number =>
  Math.max(PIXELS_A_PICTURE, Math.min(WHEEL_PIXELS, surface.height / Math.max(1, pictures.length)));
