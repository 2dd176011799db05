// What hangs on the stage: the pictures of one series, which of them, under which window, moving or still.

import { path } from "./dicomweb.js";
import { Pictures } from "./pictures.js";
import { number, text } from "./values.js";
import { dragged, ownWindows, wholeRange } from "./windows.js";

const AHEAD = 10;
const BEHIND = 4;
const LONGEST_SIDE = 4096; // of a picture asked for when zoomed in
const DETAILS = [1, 1.5, 2, 3, 4, 6];
const SETTLE_MS = 200; // after the last resize or pinch, before a sharper picture is asked for
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
const STACKS = new Set(["CT", "MR", "PT"]); // long ones open in the middle, where there is something to see
const LONG_STACK = 20;
const CINE_MS = 66;
const [SLOWEST_MS, FASTEST_MS] = [1000, 25];

/** One picture after another of instances as QIDO-RS lists them: {instance, frame, frames, row, viewable}. */
export function itemsOf(rows) {
  return rows.flatMap((row) => {
    const frames = number(row, "NumberOfFrames") || 1;
    const common = { instance: text(row, "SOPInstanceUID"), frames, row, viewable: (number(row, "Rows") ?? 0) > 0 };
    return Array.from({ length: common.viewable ? frames : 1 }, (_, place) => ({ ...common, frame: place + 1 }));
  });
}

/** `told`: changed() after anything that the page shows; failed(failure) what the page must say; waiting(yes). */
export class Film {
  constructor(stage, told) {
    Object.assign(this, { stage, told, items: [], index: 0, window: null, playing: false, shown: null, metadata: new Map() });
    this.pictures = null;
    this.heading = 1;
    this.tries = 0;
    this.moving = false;
  }

  /** Hang another series. */
  open(study, series, modality, rows) {
    this.close();
    Object.assign(this, { study, series, modality, items: itemsOf(rows), window: null, shown: null, metadata: new Map() });
    this.index = STACKS.has(modality) && this.items.length > LONG_STACK ? Math.floor(this.items.length / 2) : 0;
    this.pictures = new Pictures(
      (bitmap, asked) => this.#drawn(bitmap, asked),
      (error) => this.#refused(error),
    );
    this.stage.reset();
    this.stage.clear();
    this.#ask();
  }

  close() {
    this.playing = false;
    clearTimeout(this.again);
    clearTimeout(this.settling);
    this.pictures?.close();
    this.pictures = null;
  }

  /** DICOM JSON of the whole series, once it is here. */
  describe(rows) {
    this.metadata = new Map(rows.map((row) => [text(row, "SOPInstanceUID"), row]));
    this.told.changed();
  }

  get item() {
    return this.items[this.index];
  }

  /** The metadata of what is seen. */
  get described() {
    return this.metadata.get(this.item?.instance);
  }

  go(index) {
    const next = Math.min(this.items.length - 1, Math.max(0, index));
    if (next === this.index || !this.items.length) return Promise.resolve();
    this.heading = next > this.index ? 1 : -1;
    this.index = next;
    this.tries = 0;
    return this.#ask();
  }

  step(count) {
    return this.go(this.index + count);
  }

  retry() {
    this.tries = 0;
    return this.#ask();
  }

  /** The window in force: asked for, or the file's own; null when the server chooses or none makes sense. */
  get effectiveWindow() {
    return this.window ?? (this.described && ownWindows(this.described, this.item.frame)[0]) ?? null;
  }

  setWindow(window) {
    this.window = window;
    this.#ask();
  }

  dragWindow(dx, dy) {
    this.moving = true;
    this.window = dragged(this.effectiveWindow ?? wholeRange(this.described), dx, dy);
    this.#ask();
  }

  /** A drag has ended, or the stage has another size: ask for what the stage can show. */
  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.moving = false;
      if (this.shown && this.shown.url !== this.#url(this.index)) this.#ask();
    }, this.moving ? 0 : SETTLE_MS);
  }

  async play() {
    this.playing = true;
    this.told.changed();
    const pictures = this.pictures;
    while (this.playing && pictures === this.pictures) {
      const begun = performance.now();
      await this.go(this.index + 1 < this.items.length ? this.index + 1 : 0);
      await new Promise((passed) => setTimeout(passed, Math.max(0, this.#frameMs() - (performance.now() - begun))));
    }
  }

  pause() {
    this.playing = false;
    this.told.changed();
  }

  #frameMs() {
    const rate = number(this.described, "DisplayRate") ?? number(this.described, "CineRate");
    const asked = number(this.described, "FrameTime") ?? (rate ? 1000 / rate : CINE_MS);
    return Math.min(SLOWEST_MS, Math.max(FASTEST_MS, asked));
  }

  #ask() {
    clearTimeout(this.again);
    this.told.changed();
    if (!this.item) return this.told.failed({ kind: "missing" });
    if (!this.item.viewable) return this.told.failed({ kind: "not-viewable" });
    const asked = { index: this.index, url: this.#url(this.index), window: this.window };
    this.told.waiting(!this.pictures.has(asked.url));
    const answered = this.pictures.ask(asked);
    this.#expect();
    return answered;
  }

  #expect() {
    if (this.moving) return;
    const near = [];
    for (let far = 1; far <= AHEAD; far += 1) {
      near.push(this.#wrapped(this.index + far * this.heading));
      if (far <= BEHIND) near.push(this.#wrapped(this.index - far * this.heading));
    }
    const places = [...new Set(near)].filter((place) => place !== null && this.items[place].viewable);
    this.pictures.expect(places.map((place) => this.#url(place)));
  }

  #wrapped(place) {
    if (this.items[place]) return place;
    return this.playing ? (place + this.items.length) % this.items.length : null;
  }

  #url(place) {
    const { instance, frame, frames, row } = this.items[place];
    const [width, height] = this.stage.box(this.moving ? 1 : undefined);
    const detail = this.moving ? 1 : this.#detail(width, height, row);
    const parameters = [`viewport=${Math.round(width * detail)},${Math.round(height * detail)}`];
    if (this.window) parameters.push(`window=${this.window.center},${this.window.width}`);
    return `${path(this.study, this.series, instance, frames > 1 ? frame : 0)}/rendered?${parameters.join("&")}`;
  }

  /** How much more than the stage holds is worth asking for: no more than zoom shows, or than the image has. */
  #detail(width, height, row) {
    const fit = Math.min(width / number(row, "Columns"), height / number(row, "Rows"));
    const most = Math.min(this.stage.zoom, 1 / fit, LONGEST_SIDE / Math.max(width, height));
    return DETAILS.findLast((detail) => detail <= most) ?? 1;
  }

  #drawn(bitmap, asked) {
    this.tries = 0;
    this.shown = asked;
    this.stage.show(bitmap);
    this.told.waiting(asked.index !== this.index);
    this.told.changed();
  }

  #refused(error) {
    this.told.waiting(false);
    this.told.failed(error, this.tries < RETRY_MS.length);
    if (error.kind !== "offline") return this.pause();
    if (this.tries < RETRY_MS.length) this.again = setTimeout(() => this.#ask(), RETRY_MS[this.tries++]);
    else this.pause();
  }
}
