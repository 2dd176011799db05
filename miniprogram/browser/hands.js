// What fingers, mouse, wheel, keys and the buttons of the dark page do.

import { isGrey } from "./corners.js";
import { instanceDownload, studyDownload } from "./downloads.js";
import { listen } from "./gestures.js";
import { openSheet } from "./sheet.js";
import { plain } from "./values.js";
import { choices } from "./windows.js";
import { say } from "./words.js";

const [NEAREST_STEP, FARTHEST_STEP] = [6, 28]; // pixels a finger moves from one picture to the next
const WHEEL_STEP = 40;
const ZOOM_STEP = 1.4;
const DOUBLE_TAP_ZOOM = 2.5;
const PAGE_STEP = 10;

export class Hands {
  #left = 0; // pixels not yet worth a step

  /** `go`: list() and series(step) for keys that leave the series. */
  constructor(root, page, film, stage, go, signal) {
    Object.assign(this, { root, page, film, stage, go, tool: "scroll" });
    listen(page.canvas, this.#gestures());
    this.#buttons();
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  /** What a finger on the picture does: "scroll" or "tone". */
  choose(tool) {
    this.tool = tool === "tone" && isGrey(this.film) ? "tone" : "scroll";
    this.page.stage.classList.toggle("tone", this.tool === "tone");
    for (const each of ["scroll", "tone"]) this.page.tools[each].setAttribute("aria-pressed", String(each === this.tool));
  }

  // -- the picture ---------------------------------------------------------------

  #gestures() {
    const { stage, film } = this;
    return {
      begin: () => (this.#left = 0),
      drag: (dx, dy, event) => this.#drag(dx, dy, event),
      end: () => film.moving && film.settle(),
      pinch: (factor, x, y, dx, dy) => {
        stage.enlarge(factor, x, y);
        stage.move(dx, dy);
      },
      zoom: (factor, x, y) => stage.enlarge(factor, x, y),
      doubleTap: (x, y) => (stage.zoom > 1 ? stage.reset() : stage.enlarge(DOUBLE_TAP_ZOOM, x, y)),
      wheel: (pixels) => this.#scroll(pixels, WHEEL_STEP),
    };
  }

  #drag(dx, dy, event) {
    const right = event.buttons === 2;
    if ((this.tool === "tone" || right) && isGrey(this.film)) return this.film.dragWindow(dx, dy);
    if (this.stage.zoom > 1 || event.shiftKey) return this.stage.move(dx, dy);
    const height = this.page.canvas.clientHeight / Math.max(1, this.film.items.length);
    this.#scroll(Math.abs(dy) >= Math.abs(dx) ? dy : -dx, Math.min(FARTHEST_STEP, Math.max(NEAREST_STEP, height)));
  }

  #scroll(pixels, step) {
    this.#left += pixels;
    const steps = Math.trunc(this.#left / step);
    this.#left -= steps * step;
    if (steps) this.#step(steps);
  }

  #step(count) {
    this.#hold();
    this.film.step(count);
  }

  #go(index) {
    this.#hold();
    this.film.go(index);
  }

  #hold() {
    if (this.film.playing) this.film.pause();
  }

  // -- buttons -----------------------------------------------------------------------

  #buttons() {
    const { page, film } = this;
    page.back.addEventListener("click", () => this.go.list());
    page.range.addEventListener("input", () => this.#go(page.range.valueAsNumber - 1));
    page.previous.addEventListener("click", () => this.#step(-1));
    page.next.addEventListener("click", () => this.#step(1));
    page.tools.scroll.addEventListener("click", () => this.choose("scroll"));
    page.tools.tone.addEventListener("click", () => this.choose("tone"));
    page.tools.play.addEventListener("click", () => this.#play());
    page.tools.presets.addEventListener("click", () => openSheet(this.root, page.tools.presets, "presets", this.#presets()));
    page.tools.others.addEventListener("click", () => openSheet(this.root, page.tools.others, "others", this.#others()));
  }

  #play() {
    if (this.film.playing) return this.film.pause();
    if (this.film.items.length > 1) this.film.play();
  }

  #presets() {
    const { film } = this;
    const now = film.effectiveWindow;
    return choices(film.described, film.item.frame).map(({ name, center, width }) => ({
      name,
      note: say("window", { center: plain(center), width: plain(width) }),
      checked: now?.center === center && now?.width === width,
      act: () => film.setWindow({ center, width }),
    }));
  }

  #others() {
    const { film, stage } = this;
    if (!film.item) return [studyDownload(film.study, say("downloadAll"))];
    const files = [instanceDownload(film.study, film.series, film.item), studyDownload(film.study, say("downloadAll"))];
    if (!film.item.viewable) return files;
    return [
      { icon: "plus", name: say("zoomIn"), act: () => stage.enlarge(ZOOM_STEP) },
      { icon: "minus", name: say("zoomOut"), act: () => stage.enlarge(1 / ZOOM_STEP) },
      { icon: "invert", name: say("invert"), act: () => this.#invert() },
      { icon: "reset", name: say("reset"), act: () => this.#reset() },
      ...files,
    ];
  }

  #invert() {
    this.page.stage.classList.toggle("inverted");
  }

  #reset() {
    this.page.stage.classList.remove("inverted");
    this.stage.reset();
    this.film.setWindow(null);
  }

  // -- keys ----------------------------------------------------------------------------

  #key(event) {
    const act = this.#acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    const inside = event.target.closest?.("button, a, input");
    if (inside && event.key === " ") return; // presses that button
    if (inside === this.page.range && event.key.startsWith("Arrow")) return; // moves the slider
    event.preventDefault();
    act();
  }

  #acts = {
    ArrowUp: () => this.#step(-1),
    ArrowLeft: () => this.#step(-1),
    ArrowDown: () => this.#step(1),
    ArrowRight: () => this.#step(1),
    PageUp: () => this.#step(-PAGE_STEP),
    PageDown: () => this.#step(PAGE_STEP),
    Home: () => this.#go(0),
    End: () => this.#go(this.film.items.length - 1),
    "+": () => this.stage.enlarge(ZOOM_STEP),
    "=": () => this.stage.enlarge(ZOOM_STEP),
    "-": () => this.stage.enlarge(1 / ZOOM_STEP),
    0: () => this.#reset(),
    i: () => this.#invert(),
    b: () => this.choose("scroll"),
    w: () => this.choose("tone"),
    " ": () => this.#play(),
    "[": () => this.go.series(-1),
    "]": () => this.go.series(1),
    Escape: () => this.go.list(),
  };
}
