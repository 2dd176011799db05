// The keyboard: every gesture has its key.

import { closeSheet, sheetIsOpen } from "./sheet";
import { dragWindow, USUAL } from "./gestures";
import { ZOOM_STEP } from "./postures";
import type { Viewer } from "./viewer";

const NUDGE_PIXELS = 1;
const FAR = 10;
const [PAN_PIXELS, TONE_PIXELS] = [48, 24]; // that one press moves

export function bindKeys(viewer: Viewer): void {
  const keys: Record<string, () => void> = {
    ArrowUp: () => viewer.browsing.step(-1),
    ArrowDown: () => viewer.browsing.step(1),
    PageUp: () => viewer.browsing.step(-FAR),
    PageDown: () => viewer.browsing.step(FAR),
    Home: () => viewer.browsing.goTo(0),
    End: () => viewer.browsing.goTo(viewer.active.pictures.length - 1),
    ArrowLeft: () => viewer.hanging.neighbour(-1),
    ArrowRight: () => viewer.hanging.neighbour(1),
    "+": () => viewer.postures.zoom(ZOOM_STEP),
    "=": () => viewer.postures.zoom(ZOOM_STEP),
    "-": () => viewer.postures.zoom(1 / ZOOM_STEP),
    "0": () => viewer.active.reset(),
    f: () => viewer.postures.restore(),
    "[": () => dragWindow(viewer.active, -TONE_PIXELS, 0),
    "]": () => dragWindow(viewer.active, TONE_PIXELS, 0),
    ",": () => dragWindow(viewer.active, 0, TONE_PIXELS),
    ".": () => dragWindow(viewer.active, 0, -TONE_PIXELS),
    w: () => viewer.menus.presets(),
    m: () => viewer.menus.measure(),
    g: () => viewer.menus.layout(),
    c: () => void viewer.menus.others(),
    n: () => viewer.showNames(!viewer.namesShown),
    "1": () => viewer.postures.actual(),
    r: () => viewer.postures.rotate(),
    h: () => viewer.postures.flip(true),
    v: () => viewer.postures.flip(false),
    i: () => viewer.active.setLook({ inverted: !viewer.active.inverted }),
    l: () => viewer.setMode("length"),
    k: () => viewer.keys.toggle(),
    s: () => viewer.browsing.toggleSync(),
    o: () => viewer.presentations.toggle(),
    x: () => viewer.volumes.toggle(),
    " ": () => viewer.browsing.togglePlay(),
    "?": () => viewer.menus.help(),
    Escape: () => viewer.setMode(USUAL),
    Delete: () => viewer.drawing.chosen !== null && viewer.marks.remove(viewer.drawing.chosen),
  };
  window.addEventListener("keydown", (event) => {
    if (sheetIsOpen() && event.key === "Escape") return closeSheet();
    if (sheetIsOpen() || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (nudged(viewer, event, target)) return event.preventDefault();
    const inRange = target instanceof HTMLInputElement;
    const pressesButton = (event.key === " " || event.key === "Enter") && target.closest("button, a");
    const way = event.shiftKey && target.closest(".over") === null ? ARROWS[event.key] : undefined;
    if (way) return viewer.postures.move(-way[0] * PAN_PIXELS, -way[1] * PAN_PIXELS);
    const act = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!act || inRange || pressesButton || (!target.closest(".pane") && scrolls(target, event.key))) return;
    event.preventDefault();
    act();
  });
}

/** A document scrolls by its own keys. */
const scrolls = (target: Element, key: string) => target.closest(".over") !== null && /^(Arrow|Page|Home|End)/.test(key);

const ARROWS: Record<string, [number, number]> = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** A handle that has the focus is moved, or its mark removed. */
function nudged(viewer: Viewer, event: KeyboardEvent, target: Element): boolean {
  const [id, place] = (target.closest("[data-handle]")?.getAttribute("data-handle") ?? "").split("/").map(Number);
  if (id === undefined || place === undefined) return false;
  if (event.key === "Delete" || event.key === "Backspace") {
    viewer.marks.remove(id);
    return true;
  }
  const arrow = ARROWS[event.key];
  if (!arrow) return false;
  const by = event.shiftKey ? FAR : NUDGE_PIXELS;
  viewer.drawing.nudge(id, place, arrow[0] * by, arrow[1] * by);
  return true;
}
